import type { ConfigIssue } from '../../../domain/errors.js'
import { cutText } from '../cut-text.js'
import { Icon } from './icon.js'

const textLengthMax = 500
const frameLengthMax = 1_200

/**
 * What is wrong with a config, in the form of compilers: place, message, the lines around it, what to do. With `target`,
 * a script moves the cursor of that text to the place when it is chosen.
 */
export function IssueList({
  issues,
  countMax = 20,
  showsFrames = true,
  target,
}: {
  issues: readonly ConfigIssue[]
  countMax?: number
  /** Lines of the files are for operators. */
  showsFrames?: boolean
  target?: string
}) {
  const left = issues.length - countMax
  return (
    <ol class="issues">
      {issues.slice(0, countMax).map((issue) => (
        <IssueView issue={issue} showsFrame={showsFrames} target={target} />
      ))}
      {left > 0 ? (
        <li class="dim">
          and {left} more; <code>mailtrigger check</code> prints them all
        </li>
      ) : null}
    </ol>
  )
}

function IssueView({ issue, showsFrame, target }: { issue: ConfigIssue; showsFrame: boolean; target?: string }) {
  const { severity, message, code, position, hint, frame } = issue
  return (
    <li class={severity === 'error' ? 'bad' : 'warn'}>
      <p>
        <Icon name={severity === 'error' ? 'cross' : 'warning'} /> <b>{severity}</b>{' '}
        {position ? <Place position={position} target={target} /> : null} {cutText(message, textLengthMax)}{' '}
        <span class="dim">{code}</span>
      </p>
      {frame && showsFrame ? <pre tabindex={0}>{cutText(frame, frameLengthMax)}</pre> : null}
      {hint ? <p class="hint">{cutText(hint, textLengthMax)}</p> : null}
    </li>
  )
}

function Place({ position, target }: { position: NonNullable<ConfigIssue['position']>; target?: string }) {
  const { file, line, column } = position
  const place = `${file.split('/').at(-1)}:${line}:${column}`
  if (!target) return <code title={`${file}:${line}:${column}`}>{place}</code>
  return (
    <a href={`#${target}`} data-line={line} data-column={column}>
      <code>{place}</code>
    </a>
  )
}
