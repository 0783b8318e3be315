import type { Envelope } from '../domain/mail.js'
import type { ConditionTrace, Trace } from '../domain/trace.js'
import { formatDuration } from '../domain/units.js'
import { writeScalar } from '../route/write-condition.js'
import type { Explanation } from './explanation.js'

/** What a route test is made of: a mail, and what became of it. */
export interface RouteTestSource {
  id: string
  raw: Uint8Array
  envelope: Envelope
  explanation: Explanation
  /** The config's files, by their names: the test is to lie beside them. */
  configFiles: string[]
  /** What lookups over HTTP answered, by URL: the test does not touch the network. */
  lookups: { url: string; json: string }[]
}

/** A config file is at most 256 kB, and a test file is one. */
const rawLengthMax = 150_000
const lookupLengthMax = 60_000
const titleLengthMax = 300

/**
 * Writes a `*.test.yaml` with one test, which can be put among others, that `mailtrigger test` passes as long as the mail comes to the same as now. The mail stands in
 * it as text; one that cannot (8-bit, or long) is a file beside it, as the first line says. Pure.
 */
export function writeRouteTest(source: RouteTestSource): string {
  const { id, explanation, configFiles, envelope } = source
  const { trace, subject } = explanation
  const text = readAsText(source.raw)
  const lines = [
    ...notesOf(source, text === null),
    `config: ${configFiles.length === 1 ? writeScalar(configFiles[0] ?? '') : writeList(configFiles)}`,
    ...writeMocks(source),
    'tests:',
    `  - name: ${writeScalar(`${subject.trim() || 'a mail without a subject'} (${id})`.slice(0, 300))}`,
    `    now: ${writeScalar(trace.started_at)}`,
    ...writeAuth(trace),
    ...(text === null ? [`    mail: ${writeScalar(`${id}.eml`)}`] : writeMail(text, envelope)),
    '    expect:',
    ...writeExpectation(explanation).map((line) => `      ${line}`),
  ]
  return `${lines.join('\n')}\n`
}

function writeAuth({ auth }: Trace): string[] {
  return auth === null ? [] : [`    auth: { spf: ${auth.spf}, dkim: ${auth.dkim}, dmarc: ${auth.dmarc} }`]
}

function notesOf({ id, envelope }: RouteTestSource, isFile: boolean): string[] {
  const notes: string[] = []
  if (isFile) {
    notes.push(`# Save the mail beside this file: mailtrigger mails show ${id} --raw > ${id}.eml`)
    notes.push('# Its envelope is taken from its headers.')
  }
  if (envelope.user !== null) notes.push('# The client had signed in, which a test cannot: conditions on "user" fail.')
  if (envelope.client !== '127.0.0.1')
    notes.push('# In a test the client is 127.0.0.1: conditions on "client" may differ.')
  return notes
}

/** With LF, as YAML has it; null for what YAML could not hold as it is (YAML 1.2, 5.1), and for what is too long. */
function readAsText(raw: Uint8Array): string | null {
  if (raw.byteLength > rawLengthMax) return null
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw).replaceAll('\r\n', '\n')
    return /[^\P{Cc}\n\t]|[\u2028\u2029\ufeff\ufffe\uffff]/u.test(text) ? null : text
  } catch (error) {
    if (error instanceof TypeError) return null
    throw error
  }
}

function writeMail(text: string, { from, to }: Envelope): string[] {
  return [
    '    mail:',
    ...(from === '' ? [] : [`      from: ${writeScalar(from)}`]),
    `      to: ${writeList(to)}`,
    ...writeRaw(text),
  ]
}

/** As a block that people can read, where its last line ends; in quotes, where it does not (YAML 1.2, 8.1.1). */
function writeRaw(text: string): string[] {
  if (!text.endsWith('\n')) return [`      raw: ${writeScalar(text)}`]
  // What the config would take for a variable, a test would, too.
  const literal = /\$[${]/.test(text) ? text.replaceAll('$', '$$$$') : text
  const lines = literal.slice(0, -1).split('\n')
  return ['      raw: |2+', ...lines.map((line) => (line === '' ? '' : `        ${line}`))]
}

function writeMocks({ explanation, lookups }: RouteTestSource): string[] {
  const verdicts = explanation.trace.routes.flatMap(({ name, condition }) => {
    const verdict = condition && findVerdict(condition)
    return verdict === null ? [] : [`    ${writeScalar(name)}: ${verdict}`]
  })
  const answers = lookups
    .filter(({ json }) => json.length <= lookupLengthMax)
    .map(({ url, json }) => `    ${writeScalar(`GET ${url}`)}: { text: ${writeScalar(json)} }`)
  return [
    ...(verdicts.length + answers.length > 0 ? ['mocks:'] : []),
    ...(answers.length > 0 ? ['  http:', ...answers] : []),
    ...(verdicts.length > 0 ? ['  llm:', ...verdicts] : []),
  ]
}

/** What the LLM said of a route's first question that was put. */
function findVerdict(condition: ConditionTrace): boolean | null {
  if (condition.kind === 'llm') {
    return condition.verdict === 'true' ? true : condition.verdict === 'false' ? false : null
  }
  for (const child of condition.children) {
    const verdict = findVerdict(child)
    if (verdict !== null) return verdict
  }
  return null
}

function writeExpectation({ trace, deliveries }: Explanation): string[] {
  const matched = trace.routes.filter(({ verdict }) => verdict === 'matched').map(({ name }) => name)
  const recipients = listRecipients(trace)
  return [
    trace.outcome === 'unrouted' ? 'unrouted: true' : `routes: ${writeList(matched)}`,
    ...(recipients.length > 0 ? [`recipients: ${writeList(recipients)}`] : []),
    deliveries.length === 0 ? 'deliveries: []' : 'deliveries:',
    ...deliveries.map((delivery) => `  - ${writeDelivery(delivery)}`),
  ]
}

function listRecipients({ routes }: Trace): string[] {
  return [...new Set(routes.flatMap(({ recipients }) => recipients))]
}

function writeDelivery({ channel, recipient, address, title, after_ms }: Explanation['deliveries'][number]): string {
  const to = recipient ?? address
  const parts = [
    `channel: ${writeScalar(channel)}`,
    ...(to === null ? [] : [`to: ${writeScalar(to)}`]),
    ...(title === '' || title.length > titleLengthMax ? [] : [`title: ${writeScalar(title)}`]),
    ...(after_ms === 0 ? [] : [`after: ${formatDuration(after_ms)}`]),
  ]
  return `{ ${parts.join(', ')} }`
}

function writeList(texts: string[]): string {
  return `[${texts.map(writeScalar).join(', ')}]`
}
