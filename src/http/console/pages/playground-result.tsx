import type { ConfigIssue } from '../../../domain/errors.js'
import type { Trace } from '../../../domain/trace.js'
import { formatDuration } from '../../../domain/units.js'
import type { TriedMail } from '../../../engine/draft-calls.js'
import type { DraftFile } from '../../../engine/draft-file-calls.js'
import { countOf } from '../count-of.js'
import { cutText, sizeInPage, sliceList, sliceText } from '../cut-text.js'
import { Badge } from '../elements/badge.js'
import { Card } from '../elements/card.js'
import { DifferenceTable } from '../elements/difference-table.js'
import { Icon } from '../elements/icon.js'
import { IssueList } from '../elements/issue-list.js'
import { TraceView } from '../elements/trace-view.js'
import type { TrialForm, TrialResult } from '../trial-form.js'
import { writePatch } from '../write-patch.js'

/** A page has at most 60 KB beside the draft: shares of it. */
const traceBytesMax = 14_000
const differenceBytesMax = 9_000
const messageBytesMax = 8_000
const patchBytesMax = 7_000
const messageTextMax = 800
const titleMax = 200
/** Of more routes than this, those that matched are shown first. */
const routesInOrderMax = 20
const target = 'field-draft'

/** What came of a trial: what is wrong, what becomes of the mail, what changes for others, and the change itself. */
export function PlaygroundResult({
  form,
  file,
  result,
}: {
  form: TrialForm
  file: DraftFile | null
  result: TrialResult
}) {
  const { refusal, answer, chosen } = result
  return (
    <section id="result" aria-label="What came of it">
      {refusal ? (
        <div class="flash failed" role="alert">
          <Icon name="warning" />
          <div>
            <p>{cutText(refusal.text, titleMax * 2)}</p>
            {refusal.hint ? <p class="hint">{cutText(refusal.hint, titleMax * 2)}</p> : null}
          </div>
        </div>
      ) : null}
      {answer && !answer.ok ? <Problems issues={answer.issues} /> : null}
      {chosen ? <Chosen tried={chosen} /> : null}
      {answer?.ok && form.newest > 0 ? <Others answer={answer} /> : null}
      {answer?.ok && answer.warnings.length > 0 ? (
        <Card title={countOf(answer.warnings.length, 'warning')}>
          <IssueList issues={answer.warnings} countMax={4} target={target} />
        </Card>
      ) : null}
      {file && answer?.ok ? <Patch form={form} file={file} /> : null}
    </section>
  )
}

function Problems({ issues }: { issues: ConfigIssue[] }) {
  const errors = issues.filter(({ severity }) => severity === 'error')
  return (
    <section class="card wrong-config" role="alert" aria-labelledby="draft-problems">
      <h2 id="draft-problems">The draft has {countOf(errors.length, 'error')}</h2>
      <IssueList issues={errors} countMax={15} target={target} />
    </section>
  )
}

function Chosen({ tried }: { tried: TriedMail }) {
  const { id, subject, changed, admission, trace, deliveries } = tried
  const shown = cutText(subject, titleMax) || '(no subject)'
  return (
    <Card title="This mail">
      <p>
        {changed ? (
          <Badge tone="warn" icon="replay">
            comes out otherwise
          </Badge>
        ) : (
          <Badge tone="quiet" icon="dot">
            comes out as before
          </Badge>
        )}{' '}
        {id === null ? shown : <a href={`/mails/${id}`}>{shown}</a>}
      </p>
      {changed ? <DifferenceTable differences={[tried]} caption="What would change for this mail" /> : null}
      {admission ? (
        <p class="note warn">
          <Icon name="warning" /> By SMTP it would be {admission.verdict}: {cutText(admission.reason, titleMax)}
        </p>
      ) : null}
      <h3>Why, with the draft</h3>
      {trace ? (
        <TraceView trace={putMatchedFirst(trace)} deliveries={[]} around={{ bytesMax: traceBytesMax }} />
      ) : (
        <p class="dim">
          Its trace is too large for this page; <code>mailtrigger explain</code> prints it.
        </p>
      )}
      <Messages deliveries={deliveries} />
    </Card>
  )
}

function putMatchedFirst(trace: Trace): Trace {
  if (trace.routes.length <= routesInOrderMax) return trace
  const rank = ({ verdict }: Trace['routes'][number]): number => (verdict === 'matched' || verdict === 'retry' ? 0 : 1)
  return { ...trace, routes: [...trace.routes].sort((one, other) => rank(one) - rank(other)) }
}

function Messages({ deliveries }: Pick<TriedMail, 'deliveries'>) {
  if (deliveries.length === 0) return <p class="dim">No message would go out.</p>
  const measure = ({ title, text }: TriedMail['deliveries'][number]): number =>
    600 + sizeInPage(cutText(title, titleMax)) + sizeInPage(cutText(text, messageTextMax))
  const { shown } = sliceList(deliveries, 0, measure, { bytesMax: messageBytesMax })
  return (
    <>
      <h3>{countOf(deliveries.length, 'message')} would go out</h3>
      <ul class="messages">
        {shown.map(({ channel, recipient, address, title, text, after_ms: afterMs }) => (
          <li>
            <p>
              <Icon name="send" /> <b>{channel}</b>
              {recipient ? ` → ${cutText(recipient, titleMax)}` : ''}
              {address && address !== recipient ? <span class="dim"> at {cutText(address, titleMax)}</span> : null}
              {afterMs > 0 ? ` after ${formatDuration(afterMs)}` : ''}
            </p>
            <blockquote>
              <b>{cutText(title, titleMax)}</b>
              <span class="message-words">{cutText(text, messageTextMax)}</span>
            </blockquote>
          </li>
        ))}
        {deliveries.length > shown.length ? <li class="dim">and {deliveries.length - shown.length} more</li> : null}
      </ul>
    </>
  )
}

function Others({ answer }: { answer: { items: TriedMail[]; partial: boolean; not_tried: number } }) {
  const { items, partial, not_tried: notTried } = answer
  const changed = items.filter((item) => item.changed)
  const measure = (item: TriedMail): number => Buffer.byteLength(String(<DifferenceTable differences={[item]} />))
  const { shown } = sliceList(changed, 0, measure, { bytesMax: differenceBytesMax })
  return (
    <Card title="The newest mails">
      {items.length === 0 ? (
        <p class="dim">No mail is stored to try it on; the draft itself is in order.</p>
      ) : (
        <p>
          <b>
            {changed.length} of {countOf(items.length, 'mail')} would change
          </b>
          {changed.length === 0 ? ': the draft does with them what the config in force does.' : '.'}
        </p>
      )}
      {partial ? (
        <p class="note warn">
          <Icon name="warning" /> Trying took longer than 30 seconds, so {countOf(notTried, 'mail')} were left out.
        </p>
      ) : null}
      {shown.length > 0 ? <DifferenceTable differences={shown} /> : null}
      {changed.length > shown.length ? <p class="dim">and {changed.length - shown.length} more</p> : null}
    </Card>
  )
}

/** Nothing is written to disk: the change is shown to be copied. */
function Patch({ form, file }: { form: TrialForm; file: DraftFile }) {
  const before = file.path === null ? '' : file.text
  const patch = writePatch(before, form.draft, file.name)
  if (patch === '') {
    return (
      <Card title="The change">
        <p class="dim">The draft is what the file says.</p>
      </Card>
    )
  }
  const { part, next } = sliceText(patch, 0, patchBytesMax)
  return (
    <Card title="The change">
      <p>
        To put it into force, make this change in{' '}
        {file.path === null ? <>a file, and start the server with it</> : <code>{file.path}</code>}: the server takes it
        over when the file is saved, and <a href="/config">Config</a> says what came of it. <code>patch -p1</code> in
        its folder takes it as it is, unless a line shows a disguised secret.
      </p>
      <section class="patch" aria-label="The change as a patch" tabindex={0}>
        <pre>{part}</pre>
      </section>
      {next === null ? null : (
        <p class="note warn">The patch is too long for this page: copy the draft itself, from the field above.</p>
      )}
    </Card>
  )
}
