import type { GuestLog } from '../../../domain/errors.js'
import { sizeInPage, sliceList } from '../cut-text.js'

const lineLengthMax = 2_000
const bytesMax = 24_000

/** What a guest logged: the last lines, when there are more than a page can hold. */
export function LogLines({ logs, label }: { logs: GuestLog[]; label: string }) {
  const measure = ({ message }: GuestLog): number => sizeInPage(message.slice(0, lineLengthMax)) + 60
  const { shown } = sliceList([...logs].reverse(), 0, measure, { bytesMax, countMax: 300 })
  const left = logs.length - shown.length
  return (
    <>
      {left > 0 ? <p class="dim">{left} earlier lines are left out here.</p> : null}
      <section class="log" aria-label={label} tabindex={0}>
        <ol>
          {shown.reverse().map(({ level, message }) => (
            <li class={level}>
              <span class="level">{level}</span> {message.slice(0, lineLengthMax)}
            </li>
          ))}
        </ol>
      </section>
    </>
  )
}
