import type { Draft } from '../config/draft.js'
import { ApiError, ConfigError, type ConfigIssue } from '../domain/errors.js'
import type { RawMail } from '../domain/mail.js'
import { hideSecrets } from '../domain/secrets.js'
import type { Trace } from '../domain/trace.js'
import { type RoutingOutcome, readOutcome } from './compare-outcomes.js'
import type { Engine } from './engine.js'
import { type Explanation, explainMail } from './explanation.js'
import type { TrialParts } from './load-draft.js'
import { TrialQueue } from './trial-queue.js'

/** Which mails a draft is tried on: stored ones, the newest, or one as it came. */
export type TrialMails =
  | { ids: string[] }
  | { newest: number }
  | { raw: Uint8Array; from: string | null; to: string[] | null }

export interface DraftTrial {
  draft: Draft
  mails: TrialMails
  /** Asks the LLM where no verdict is known; that costs, and counts. */
  askLlm: boolean
}

export type TrialAnswer =
  | { ok: false; issues: ConfigIssue[] }
  | {
      ok: true
      warnings: ConfigIssue[]
      items: TriedMail[]
      /** The time was up before all mails were tried. */
      partial: boolean
      not_tried: number
    }

export interface TriedMail {
  /** Null for a mail that was sent along. */
  id: string | null
  received_at: string
  subject: string
  /** Under the config in force, as of now and with the same restraint. */
  before: RoutingOutcome
  after: RoutingOutcome
  changed: boolean
  /** Under the draft: what keeps the mail from its routes when it comes by SMTP. */
  admission: Explanation['admission']
  /** Under the draft; null when the answer would grow too large. */
  trace: Trace | null
  deliveries: Explanation['deliveries']
}

export const trialMailsMax = 200
const trialMsMax = 30_000
const waitingMax = 4
const traceBytesMax = 4_000_000

/**
 * Trying a config that does not run. Rejects with `ApiError`.
 * @param msMax when the answer is what there is until then
 */
export function offerDraftCalls(engine: Engine, msMax: number = trialMsMax) {
  const queue = new TrialQueue(waitingMax)
  return {
    /**
     * Says what a draft would make of mails, and what differs from the config in force. Keeps, sends and counts nothing;
     * lookups may be fetched, and modules run without a network. After 30 s the answer is what there is until then.
     */
    tryDraft: (trial: DraftTrial): Promise<TrialAnswer> => queue.run(() => tryDraft(engine, trial, msMax)),
  }
}

async function tryDraft(engine: Engine, { draft, mails, askLlm }: DraftTrial, msMax: number): Promise<TrialAnswer> {
  const signal = AbortSignal.timeout(msMax)
  const hideIn = (secrets: readonly string[]) => (text: string) => hideSecrets(text, secrets)
  try {
    const parts = await engine.loadTrial(draft, askLlm)
    const answer = await tryMails(engine, parts, mails, signal)
    return mapTexts(answer, hideIn(parts.draft.config.secrets))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return mapTexts({ ok: false, issues: error.issues }, hideIn(engine.current().config.secrets))
  }
}

async function tryMails(
  engine: Engine,
  parts: TrialParts,
  mails: TrialMails,
  signal: AbortSignal,
): Promise<TrialAnswer> {
  const chosen = await chooseMails(engine, mails)
  const items: TriedMail[] = []
  let traceBytes = 0
  for (const one of chosen) {
    const tried = await untilOver(signal, () => tryMail(engine, parts, one, mails, signal))
    if (tried === null) break
    traceBytes += JSON.stringify(tried.trace).length
    items.push(traceBytes > traceBytesMax ? { ...tried, trace: null, deliveries: [] } : tried)
  }
  const not_tried = chosen.length - items.length
  return { ok: true, warnings: parts.warnings, items, partial: not_tried > 0, not_tried }
}

/** Null when the time is up; other errors are thrown on. */
async function untilOver<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result | null> {
  if (signal.aborted) return null
  try {
    return await work()
  } catch (error) {
    if (signal.aborted) return null
    throw error
  }
}

async function tryMail(
  { store, now, newId }: Engine,
  { draft, inForce }: TrialParts,
  id: string | null,
  mails: TrialMails,
  signal: AbortSignal,
): Promise<TriedMail> {
  const raw =
    id === null && 'raw' in mails
      ? await addressMail(mails, newId(), now(), draft, signal)
      : await readStored(store, id)
  const after = await explainMail(draft, raw, signal)
  const before = await explainMail(inForce, raw, signal)
  const outcomes = { before: readAdmitted(before), after: readAdmitted(after) }
  return {
    id,
    received_at: new Date(raw.receivedAt).toISOString(),
    subject: after.subject,
    ...outcomes,
    changed: JSON.stringify(outcomes.before) !== JSON.stringify(outcomes.after),
    admission: after.admission,
    trace: after.trace,
    deliveries: after.deliveries,
  }
}

/** A mail that is not let in comes to nothing else. */
function readAdmitted({ trace, admission }: Explanation): RoutingOutcome {
  const outcome = readOutcome(trace)
  return admission === null ? outcome : { ...outcome, outcome: admission.verdict }
}

async function chooseMails({ store }: Engine, mails: TrialMails): Promise<(string | null)[]> {
  if ('raw' in mails) return [null]
  if ('newest' in mails) {
    const { items } = await store.listMails({ limit: Math.min(mails.newest, trialMailsMax) })
    return items.map(({ id }) => id)
  }
  const ids = [...new Set(mails.ids)]
  if (ids.length > trialMailsMax) {
    throw new ApiError(400, 'bad_request', `a draft is tried on at most ${trialMailsMax} mails at a time`)
  }
  return ids
}

async function readStored(store: Engine['store'], id: string | null): Promise<RawMail> {
  const raw = id === null ? null : await store.readRawMail(id)
  if (raw) return raw
  throw new ApiError(404, 'not_found', `there is no mail ${id}`, 'mailtrigger mails list shows what there is')
}

/** A mail that did not come by SMTP has no envelope: without one given it goes to whom its headers name. */
async function addressMail(
  { raw, from, to }: Extract<TrialMails, { raw: Uint8Array }>,
  id: string,
  receivedAt: number,
  { parse }: Pick<TrialParts['draft'], 'parse'>,
  signal: AbortSignal,
): Promise<RawMail> {
  const nobody = { from: '', to: [], client: '127.0.0.1', helo: 'localhost', tls: false, user: null }
  const mail = await parse({ id, receivedAt, raw, envelope: nobody }, signal)
  const named = [...new Set([...mail.to, ...mail.cc].map(({ address }) => address))]
  return {
    id,
    receivedAt,
    raw,
    envelope: { ...nobody, from: from ?? mail.from[0]?.address ?? '', to: to ?? named },
  }
}

/** Every text of plain data, keys left as they are. */
function mapTexts<Value>(value: Value, change: (text: string) => string): Value {
  const walk = (at: unknown): unknown => {
    if (typeof at === 'string') return change(at)
    if (Array.isArray(at)) return at.map(walk)
    if (typeof at !== 'object' || at === null) return at
    return Object.fromEntries(Object.entries(at).map(([key, inner]) => [key, walk(inner)]))
  }
  return walk(value) as Value
}
