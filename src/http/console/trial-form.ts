import type { Context } from 'hono'
import { z } from 'zod'
import { ApiError } from '../../domain/errors.js'
import { type DraftTrial, type TrialAnswer, type TriedMail, trialMailsMax } from '../../engine/draft-calls.js'
import type { ConsoleParts } from './console-env.js'
import { readForm } from './read-form.js'

/** What the playground is filled in with; it comes back on the page whatever became of it. */
export interface TrialForm {
  /** Name of the file that the draft stands in for. */
  file: string
  draft: string
  /** Id of a stored mail, `pasted`, or nothing. */
  mail: string
  raw: string
  from: string
  to: string
  /** Which mails are offered. */
  search: string
  newest: number
  askLlm: boolean
  does: 'try' | 'search'
}

export interface TrialResult {
  /** Why it could not be tried, beside what is wrong with the draft. */
  refusal: { text: string; hint: string | null } | null
  /** One that is not ok says what is wrong with the draft. */
  answer: TrialAnswer | null
  /** What became of the mail that was chosen. */
  chosen: TriedMail | null
}

/** A config file has no more. */
export const draftBytesMax = 256_000
export const rawBytesMax = 2_000_000
/** What is larger is not sent back with the page. */
export const draftEchoedMax = 1_000_000
export const rawEchoedMax = 100_000
const recipientsMax = 100
const newestDefault = 50

const text = z.string().default('')
const one = z.union([z.string(), z.array(z.string()).transform((given) => given.at(-1) ?? '')]).default('')
const schema = z.object({
  file: text,
  draft: text,
  mail: one,
  raw: text,
  from: text,
  to: text,
  search: text,
  newest: z.coerce.number().int().min(0).max(trialMailsMax).catch(newestDefault),
  llm: text,
  do: one,
})

export function emptyTrialForm(): TrialForm {
  const nothing = { file: '', draft: '', mail: '', raw: '', from: '', to: '', search: '' }
  return { ...nothing, newest: newestDefault, askLlm: false, does: 'try' }
}

/** Browsers send the lines of a text with CRLF (HTML, 4.10.22); files here have LF. */
export async function readTrialForm(c: Context): Promise<TrialForm> {
  const { llm, do: does, draft, file, search, ...form } = await readForm(c, schema)
  return {
    ...form,
    file: file.slice(0, 255),
    search: search.slice(0, 500),
    draft: draft.replace(/\r\n?/g, '\n'),
    askLlm: llm === 'true',
    does: does === 'search' ? 'search' : 'try',
  }
}

/** Tries the draft on the chosen mail, and on the newest ones. What is refused is told, never thrown. */
export async function runTrial(
  { calls }: Pick<ConsoleParts, 'calls'>,
  form: TrialForm,
  hasFiles: boolean,
): Promise<TrialResult> {
  const none: TrialResult = { refusal: null, answer: null, chosen: null }
  const refusal = refuseLarge(form)
  if (refusal) return { ...none, refusal }
  const draft: DraftTrial['draft'] = hasFiles
    ? { files: [{ file: form.file, text: form.draft }] }
    : { text: form.draft }
  const tryOn = (mails: DraftTrial['mails']) => calls.tryDraft({ draft, mails, askLlm: form.askLlm })
  try {
    const mails = chooseMail(form)
    const own = mails && (await tryOn(mails))
    if (own && !own.ok) return { ...none, answer: own }
    const chosen = own?.items[0] ?? null
    const late = own?.ok && own.items.length === 0 && mails ? tooLong : null
    // Without any mail it is still checked.
    const answer = form.newest > 0 || !own ? await tryOn({ newest: Math.max(1, form.newest) }) : { ...own, items: [] }
    return { refusal: late, answer, chosen }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { ...none, refusal: { text: error.message, hint: error.hint } }
  }
}

const tooLong = {
  text: 'Trying the draft on this mail took longer than 30 seconds.',
  hint: 'A lookup or a module is slow; the log of the server says which.',
}

function refuseLarge({ draft, mail, raw }: TrialForm): TrialResult['refusal'] {
  const draftBytes = Buffer.byteLength(draft)
  if (draftBytes > draftBytesMax) {
    const echo = draft.length > draftEchoedMax ? '; it is too large to come back: your browser’s way back has it' : ''
    return {
      text: `The draft has ${Math.ceil(draftBytes / 1_000)} kB, and a config file has at most ${draftBytesMax / 1_000} kB${echo}.`,
      hint: 'Try a part of it: one file of several, or only the routes in question.',
    }
  }
  const rawBytes = Buffer.byteLength(raw)
  if (mail !== 'pasted' || rawBytes <= rawBytesMax) return null
  return {
    text: `The pasted mail has ${Math.ceil(rawBytes / 1_000)} kB, and at most ${rawBytesMax / 1_000} kB are tried.`,
    hint: 'Send it to the server by SMTP, and choose it among the stored mails; or leave out its attachments.',
  }
}

function chooseMail({ mail, raw, from, to }: TrialForm): DraftTrial['mails'] | null {
  if (mail === '') return null
  if (mail !== 'pasted') return { ids: [mail.slice(0, 64)] }
  if (raw.trim() === '')
    throw new ApiError(400, 'bad_request', 'No mail is pasted.', 'Paste one, or choose a stored mail.')
  const addresses = to.split(/[\s,;]+/).filter((address) => address !== '')
  if (addresses.length > recipientsMax) {
    throw new ApiError(400, 'bad_request', `A mail is tried with at most ${recipientsMax} recipients.`)
  }
  // SMTP has CRLF (RFC 5321 section 2.3.8).
  const bytes = new TextEncoder().encode(raw.replace(/\r?\n/g, '\r\n'))
  return { raw: bytes, from: from.trim() || null, to: addresses.length > 0 ? addresses : null }
}
