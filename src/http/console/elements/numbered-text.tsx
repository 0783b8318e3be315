import { sizeInPage, sliceList } from '../cut-text.js'
import { More } from './more.js'

const linesMax = 800
const gutterBytes = 6

/**
 * Lines with their numbers, which are not copied along. Of a long text the part that starts with line `from` (from 0).
 * @param href of the page, where the text may have a next part
 */
export function NumberedText({
  text,
  label,
  from = 0,
  first = 1,
  href,
}: {
  text: string
  label: string
  from?: number
  /** The number of the first line. */
  first?: number
  href?: string
}) {
  const lines = text.replace(/\n$/, '').split('\n')
  const measure = (line: string): number => sizeInPage(line) + gutterBytes
  const { shown, next } = sliceList(lines, from, measure, { countMax: linesMax })
  const start = Math.min(from, lines.length) + first
  return (
    <>
      <div class="numbered">
        <pre class="numbers" aria-hidden="true">
          {shown.map((_, index) => start + index).join('\n')}
        </pre>
        <section class="numbered-text" aria-label={label} tabindex={0}>
          <pre>{shown.join('\n')}</pre>
        </section>
      </div>
      {href ? <More href={href} from={from} next={next} label={`Parts of ${label}`} /> : null}
      {!href && next !== null ? <p class="dim">{lines.length - next} more lines are left out here.</p> : null}
    </>
  )
}
