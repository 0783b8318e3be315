import type { DraftFile } from '../../../engine/draft-file-calls.js'
import type { MailSummary } from '../../../store/store.js'
import { cutText } from '../cut-text.js'
import { Fold } from '../elements/card.js'
import { Checkbox, TextArea, TextField } from '../elements/field.js'
import { Icon } from '../elements/icon.js'
import { Time } from '../elements/time.js'
import { draftEchoedMax, rawEchoedMax, type TrialForm } from '../trial-form.js'
import type { ShownSuggestion } from './playground.js'

const textLengthMax = 160
const filesMax = 40

/** Left the draft, right the mails it is tried on: one form, so that nothing of it is lost in between. */
export function PlaygroundForm({
  form,
  file,
  mails,
  trouble,
  suggestion,
  isFresh,
}: {
  form: TrialForm
  file: DraftFile | null
  mails: MailSummary[]
  trouble: string | null
  suggestion: ShownSuggestion | null
  /** Not yet tried: the browser may have a draft of its own. */
  isFresh: boolean
}) {
  return (
    <>
      <FileChoice form={form} file={file} />
      <SuggestionNote suggestion={suggestion} />
      <form
        method="post"
        action="/playground#result"
        class="playground"
        data-draft-of={form.file}
        data-fresh={isFresh && suggestion === null ? 'true' : undefined}
      >
        <input type="hidden" name="file" value={form.file} />
        <div class="draft-side">
          <TextArea
            name="draft"
            label={`Draft of ${cutText(form.file, textLengthMax)}`}
            rows={26}
            value={form.draft.length > draftEchoedMax ? '' : form.draft}
            hint={<DraftHint file={file} />}
          />
        </div>
        <div class="mail-side">
          <MailChoice form={form} mails={mails} trouble={trouble} />
          <PastedMail form={form} />
          <TextField
            name="newest"
            type="number"
            label="and on so many of the newest mails"
            value={String(form.newest)}
            hint="At most 200: what would come out otherwise than with the config in force."
          />
          <Checkbox
            name="llm"
            label="Ask the LLM where no verdict is known"
            value={form.askLlm ? 'true' : ''}
            hint="That costs, and counts. Otherwise its conditions end as their on_error says."
          />
        </div>
        <p class="go">
          <button type="submit" name="do" value="try" class="button primary">
            <Icon name="flask" /> Try
          </button>
        </p>
      </form>
    </>
  )
}

function FileChoice({ form, file }: { form: TrialForm; file: DraftFile | null }) {
  const names = file?.names ?? []
  if (names.length < 2) return null
  return (
    <nav class="chips" aria-label="Files of the config">
      {names.slice(0, filesMax).map((name) => (
        <a
          href={`/playground?file=${encodeURIComponent(name)}${mailPart(form)}`}
          aria-current={name === form.file ? 'true' : undefined}
        >
          {cutText(name, textLengthMax)}
        </a>
      ))}
      {names.length > filesMax ? <span class="dim">and {names.length - filesMax} more</span> : null}
    </nav>
  )
}

function mailPart({ mail }: TrialForm): string {
  return mail === '' || mail === 'pasted' ? '' : `&mail=${encodeURIComponent(mail)}`
}

function SuggestionNote({ suggestion }: { suggestion: ShownSuggestion | null }) {
  if (suggestion === null) return null
  const { text, route, isApplied } = suggestion
  return (
    <p class={isApplied ? 'note good' : 'note warn'}>
      <Icon name={isApplied ? 'check' : 'warning'} />{' '}
      {isApplied ? 'In the draft, ' : 'It cannot be told where this belongs, so write it yourself: '}
      <code>{cutText(text, textLengthMax * 2)}</code> {isApplied ? 'now stands in' : 'in'} the route “
      {cutText(route, textLengthMax)}”.
    </p>
  )
}

function DraftHint({ file }: { file: DraftFile | null }) {
  return (
    <>
      {file?.changed ? 'The file was changed since it was loaded; this is how it is on disk. ' : ''}
      Secrets written in the file are shown disguised. Variables, secret files, lookups and modules are those of the
      config in force. The draft is also kept in this browser.{' '}
      {file?.line ? (
        <a href="#field-draft" data-line={file.line} data-column={1}>
          Go to the route, line {file.line}
        </a>
      ) : null}
    </>
  )
}

function MailChoice({ form, mails, trouble }: { form: TrialForm; mails: MailSummary[]; trouble: string | null }) {
  const isStored = mails.some(({ id }) => id === form.mail)
  return (
    <fieldset class="mail-choice">
      <legend>Try it on</legend>
      <div class="find-mails">
        <label for="field-search" class="hidden">
          Search stored mails
        </label>
        <input type="search" id="field-search" name="search" value={form.search} placeholder="search stored mails" />
        <button type="submit" name="do" value="search" class="button">
          <Icon name="search" /> Find
        </button>
      </div>
      {trouble ? <p class="note warn">{cutText(trouble, textLengthMax * 2)}</p> : null}
      {form.mail !== '' && form.mail !== 'pasted' && !isStored ? (
        <p class="note warn">The mail that was chosen is not there any more: retention may have deleted it.</p>
      ) : null}
      {mails.map((mail) => (
        <label class="mail-option">
          <input type="radio" name="mail" value={mail.id} checked={mail.id === form.mail} />
          <span>
            {cutText(mail.subject, textLengthMax) || '(no subject)'}
            <span class="sub">
              {cutText(mail.from || mail.envelope.from || 'nobody', textLengthMax)}, <Time at={mail.received_at} />
            </span>
          </span>
        </label>
      ))}
      {mails.length === 0 && trouble === null ? (
        <p class="dim">{form.search ? 'No mail is like that.' : 'No mail came in yet: paste one.'}</p>
      ) : null}
      <label class="mail-option">
        <input type="radio" name="mail" value="pasted" checked={form.mail === 'pasted'} />
        <span>the mail pasted below</span>
      </label>
      <label class="mail-option">
        <input type="radio" name="mail" value="" checked={form.mail === '' || (form.mail !== 'pasted' && !isStored)} />
        <span>no single mail</span>
      </label>
    </fieldset>
  )
}

function PastedMail({ form }: { form: TrialForm }) {
  const isLarge = form.raw.length > rawEchoedMax
  return (
    <Fold title="Paste a mail" isOpen={form.mail === 'pasted'}>
      <TextArea
        name="raw"
        label="The mail as it would come, an .eml"
        rows={8}
        value={isLarge ? '' : form.raw}
        placeholder={'From: monit@example.com\nSubject: disk full\n\ntext'}
        hint={
          isLarge
            ? 'What was pasted is larger than 100 kB and does not come back with the page: paste it again to try it again.'
            : 'Headers, an empty line, the body.'
        }
      />
      <TextField name="from" label="Envelope sender" value={form.from} hint="Without one: the From header." />
      <TextField
        name="to"
        label="Envelope recipients"
        value={form.to}
        hint="With commas between them. Without any: To and Cc."
      />
    </Fold>
  )
}
