import type { GuestTrial } from '../../../act/try-guest.js'
import { formatSize } from '../../../domain/units.js'
import type { TrialMail } from '../../../engine/action-trial.js'
import { cutText } from '../cut-text.js'
import { type DiffLine, diffLines } from '../diff-lines.js'
import { Badge } from './badge.js'
import { Card, Facts } from './card.js'
import { Icon } from './icon.js'
import { LogLines } from './log-lines.js'

const textMax = 8_000
const listedMax = 100

const failures: Record<NonNullable<GuestTrial['error']>['kind'], string> = {
  timeout: 'It took too long and was stopped.',
  trap: 'It failed.',
  crash: 'It ended its process.',
  busy: 'There was no room for it: try again.',
  rejected: 'It was refused.',
  output: 'Its answer is not what the gateway takes.',
  closed: 'It was stopped.',
}

/** What one call came to, beside what there was before it. */
export function Trial({ trial, mail }: { trial: GuestTrial; mail: TrialMail }) {
  const { error, logs, duration_ms, memory_bytes, sha256 } = trial
  return (
    <Card title="What it does">
      <Facts
        facts={[
          ['Outcome', <Outcome trial={trial} />],
          ['Took', duration_ms === null ? null : `${duration_ms} ms`],
          ['Memory', memory_bytes === null ? null : formatSize(memory_bytes)],
          ['Called', trial.export],
          ['Version', <code>{sha256.slice(0, 12)}</code>],
          ['Reason', cutText(readText(trial.output, 'reason') ?? '', 1_000)],
        ]}
      />
      {error ? (
        <div class="flash failed" role="alert">
          <Icon name="warning" />
          <div class="refused">
            <p>{failures[error.kind]}</p>
            <pre>{cutText(error.message, 4_000)}</pre>
          </div>
        </div>
      ) : trial.export === 'handle' ? (
        <Changes trial={trial} mail={mail} />
      ) : null}
      <h3>Logs</h3>
      {logs.length === 0 ? <p class="dim">It logged nothing.</p> : <LogLines logs={logs} label="What it logged" />}
    </Card>
  )
}

function Outcome({ trial }: { trial: GuestTrial }) {
  if (trial.error) {
    return (
      <Badge tone="bad" icon="cross">
        {trial.error.kind}
      </Badge>
    )
  }
  if (trial.export === 'handle') {
    return (
      <Badge tone="good" icon="check">
        {readField(trial.output, 'drop') === true ? 'drops the mail' : 'ok'}
      </Badge>
    )
  }
  return readField(trial.output, 'match') === true ? (
    <Badge tone="good" icon="check">
      matches
    </Badge>
  ) : (
    <Badge tone="quiet" icon="cross">
      does not match
    </Badge>
  )
}

function Changes({ trial, mail }: { trial: GuestTrial; mail: TrialMail }) {
  const { output } = trial
  const title = readText(output, 'title')
  const text = readText(output, 'text')
  const severity = readText(output, 'severity')
  const labels = Object.entries(readLabels(output)).map(([key, value]) => `${key}: ${value}`)
  const nobody = trial.after.length === 0 ? ['(nobody)'] : trial.after
  return (
    <>
      <h3>Recipients</h3>
      <Diff before={trial.before} after={nobody} label="Recipients before and after" />
      <h3>Title</h3>
      <Diff before={[mail.subject]} after={[title ?? mail.subject]} label="Title before and after" />
      <h3>Text</h3>
      {text === null || text === mail.text ? (
        <p class="dim">as it was</p>
      ) : (
        <Diff before={toLines(mail.text)} after={toLines(text)} label="Text before and after" />
      )}
      <h3>Severity</h3>
      {severity === null ? (
        <p class="dim">as the route has it</p>
      ) : (
        <Diff before={[]} after={[severity]} label="Severity" />
      )}
      <h3>Labels</h3>
      {labels.length === 0 ? <p class="dim">none added</p> : <Diff before={[]} after={labels} label="Labels added" />}
    </>
  )
}

const signs: Record<DiffLine['sign'], { mark: string; word: string }> = {
  same: { mark: ' ', word: 'stays' },
  gone: { mark: '−', word: 'goes' },
  new: { mark: '+', word: 'comes' },
}

function Diff({ before, after, label }: { before: string[]; after: string[]; label: string }) {
  const lines = diffLines(before, after) ?? after.map((text): DiffLine => ({ sign: 'new', text }))
  return (
    <section class="diff" aria-label={label} tabindex={0}>
      <ul>
        {lines.slice(0, listedMax).map(({ sign, text }) => (
          <li class={sign}>
            <span aria-hidden="true">{signs[sign].mark}</span>
            <span class="hidden">{signs[sign].word}: </span>
            {cutText(text, 500)}
          </li>
        ))}
      </ul>
      {lines.length > listedMax ? <p class="dim">and {lines.length - listedMax} more</p> : null}
    </section>
  )
}

function toLines(text: string): string[] {
  return cutText(text, textMax).replace(/\n$/, '').split('\n')
}

function readField(output: unknown, name: string): unknown {
  return typeof output === 'object' && output !== null ? Reflect.get(output, name) : undefined
}

function readText(output: unknown, name: string): string | null {
  const value = readField(output, name)
  return typeof value === 'string' ? value : null
}

function readLabels(output: unknown): Record<string, string> {
  const labels = readField(output, 'labels')
  if (typeof labels !== 'object' || labels === null) return {}
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]))
}
