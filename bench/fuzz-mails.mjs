// Gives damaged mails to the real parser, in its thread as it ships, then matches them and fills templates with them:
// nothing may crash, be left unhandled, take longer than the parser allows, come back beyond the limits, or grow.
//
//   node bench/fuzz-mails.mjs [--mails 100000] [--seed 1] [--only N] [--json]
//
// The same seed makes the same mails; --only prints the one with this number, and what became of it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadCheckedConfig } from '../dist/engine/load-config.js'
import { planMail } from '../dist/pipeline.js'
import { createParser } from '../dist/receive/mime/parser.js'
import { compileRoutes } from '../dist/route/compile-routes.js'
import { matchRoutes } from '../dist/route/match-routes.js'
import { makeMail, readCorpus } from './fuzz-mails-grammar.mjs'
import { percentile, printTable } from './print.mjs'

const { values: options } = parseArgs({
  options: {
    mails: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const [count, seed] = [Number(options.mails), Number(options.seed)]

/** Of the whole process with its parse thread, whose heap may have 256 MB. */
const rssMbMax = 600
const never = new AbortController().signal
/** @type {string[]} */
const faults = []
/** @param {number} index @param {string} what */
function reportFault(index, what) {
  if (faults.length < 20) faults.push(`mail ${index}: ${what}`)
}
process.on('unhandledRejection', (reason) => reportFault(-1, `unhandled: ${reason}`))

/** One route of every field and operator, and templates that use all of a mail. */
const routes = {
  version: 1,
  otherwise: { archive: true },
  channels: { hook: { kind: 'webhook', url: 'http://127.0.0.1:9/' } },
  routes: [
    {
      name: 'all of it',
      when: { any: [{ size: { under: '100MB' } }, { subject: { contains: 'é' } }] },
      steps: [
        { extract: { word: { from: 'body', regex: '(\\w+) = (\\w+)' } } },
        {
          set: {
            title: '{{ mail.subject | upcase }} {{ mail.from_name }} {{ word }}',
            text: '{{ mail.text | truncate: 5000 }} {{ mail.headers["x-alert"] }} {{ mail.attachments | join: ", " }} {{ mail.to | join: " " }} {{ mail.date }}',
            fingerprint: '{{ mail.subject }}',
          },
        },
        { send: 'hook' },
      ],
    },
    {
      name: 'text',
      when: { body: { matches: '(?i)level\\s*=\\s*(?P<level>error|fatal)$' } },
      steps: [{ send: 'hook' }],
    },
    { name: 'html', when: { html: { contains: ['<b>', 'é'] } }, steps: [{ send: 'hook' }] },
    { name: 'header', when: { header: { Received: { contains: 'x' } } }, steps: [{ send: 'hook' }] },
    { name: 'from', when: { from: ['*@*.example', 'ops*'], to: '*@*' }, steps: [{ send: 'hook' }] },
    { name: 'file', when: { attachment: { filename: { ends_with: '.txt' } } }, steps: [{ send: 'hook' }] },
    { name: 'not', when: { not: { subject: { starts_with: 'alert' } } }, steps: [{ send: 'hook' }] },
  ],
}

/** @returns {never} */
function unexpected() {
  throw new Error('these routes ask for nothing outside')
}

async function openPlanner() {
  const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-fuzz-'))
  writeFileSync(join(folder, 'routes.yaml'), JSON.stringify(routes))
  const source = { paths: [join(folder, 'routes.yaml')], overrides: {}, env: {}, inboxOnly: false }
  const { config } = await loadCheckedConfig(source)
  rmSync(folder, { recursive: true })
  const compiled = compileRoutes(config.routes)
  const measure = () => performance.now()
  const parts = {
    config,
    now: Date.now,
    measure,
    matchRoutes: (/** @type {import('../dist/domain/mail.js').Mail} */ mail) =>
      matchRoutes(compiled, mail, { now: Date.now(), measure, judgeByLlm: null, signal: never, llmExhausted: false }),
    matchWatchers: async () => [],
    silences: () => [],
    checkSender: unexpected,
    parse: unexpected,
    getLookup: unexpected,
    runAction: unexpected,
  }
  return (/** @type {import('../dist/domain/mail.js').Mail} */ mail) =>
    planMail(parts, mail, { generation: 0, earlier: null }, never)
}

/** @param {import('../dist/domain/mail.js').Mail} mail */
function findBreach(mail) {
  if (mail.malformed?.startsWith('the MIME parser gave up')) return mail.malformed
  if (mail.malformed?.startsWith('parsing ') || mail.malformed?.startsWith('the parser ')) return mail.malformed
  if (/[\p{Cc}]/u.test(mail.subject)) return 'a subject with control characters'
  if (mail.text.includes('\0')) return 'a text with NUL'
  if (mail.text.length > 1_000_000 || (mail.html?.length ?? 0) > 2_000_000) return 'a text beyond its limit'
  if (mail.attachments.length > 100) return 'too many attachments'
  if (mail.attachments.some(({ filename }) => /\p{Cc}/u.test(filename) || filename === '' || filename.length > 255)) {
    return 'a file name that is none'
  }
  return null
}

const corpus = readCorpus()
const parser = createParser()
const plan = await openPlanner()
await parser.start()
/** @type {number[]} */
const milliseconds = []
/** @type {Record<string, number>} */
const outcomes = {}
let bytes = 0
let templatesCutOff = 0
let rssMbPeak = 0
let heapMbEarly = 0

/** @param {number} index */
async function tryMail(index) {
  const raw = makeMail(corpus, seed, index)
  bytes += raw.length
  const envelope = {
    from: 'a@b.example',
    to: ['ops@c.example'],
    client: '127.0.0.1',
    helo: 'x',
    tls: false,
    user: null,
  }
  const began = performance.now()
  try {
    const mail = await parser.parse(
      { id: `FUZZ${index}`, receivedAt: Date.now(), envelope, raw: new Uint8Array(raw) },
      never,
    )
    milliseconds.push(performance.now() - began)
    const breach = findBreach(mail)
    if (breach) reportFault(index, breach)
    const planned = await plan(mail)
    const failed = planned.trace.routes.flatMap(({ steps }) => steps).find(({ verdict }) => verdict === 'failed')
    // A template has a limit of time of its own, which a busy machine may meet: the route then goes on without it.
    if (failed?.detail.includes('render limit exceeded')) templatesCutOff++
    else if (failed) reportFault(index, `${failed.step}: ${failed.detail}`)
    const outcome = mail.malformed ? 'malformed' : mail.textSource
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    return { raw, mail, planned }
  } catch (error) {
    reportFault(index, error instanceof Error ? (error.stack ?? error.message) : String(error))
    return { raw, mail: null, planned: null }
  }
}

const began = performance.now()
if (options.only !== undefined) {
  const { raw, mail, planned } = await tryMail(Number(options.only))
  process.stdout.write(raw)
  console.log('\n', mail, planned?.trace.routes)
} else {
  for (let index = 0; index < count; index++) {
    await tryMail(index)
    if (index % 200 === 0) rssMbPeak = Math.max(rssMbPeak, process.memoryUsage().rss / 1_048_576)
    if (index === Math.floor(count / 10)) heapMbEarly = process.memoryUsage().heapUsed / 1_048_576
  }
}
await parser.stop()
const seconds = (performance.now() - began) / 1_000
if (rssMbPeak > rssMbMax) reportFault(count, `the process took ${Math.round(rssMbPeak)} MB, more than ${rssMbMax}`)
const figures = {
  mails: options.only === undefined ? count : 1,
  seed,
  megabytes: Math.round(bytes / 1_000_000),
  seconds: Math.round(seconds),
  templatesCutOff,
  p50Ms: percentile(milliseconds, 0.5),
  p99Ms: percentile(milliseconds, 0.99),
  worstMs: percentile(milliseconds, 1),
  rssMbPeak: Math.round(rssMbPeak),
  heapMbEarly: Math.round(heapMbEarly),
  heapMbEnd: Math.round(process.memoryUsage().heapUsed / 1_048_576),
}
if (options.json) console.log(JSON.stringify({ ...figures, outcomes, faults }))
else {
  printTable('Damaged mails through the parser, the routes and the templates', [figures])
  printTable('What was read', [outcomes])
  for (const fault of faults) console.log(`✗ ${fault}`)
  console.log(faults.length === 0 ? '\nnothing broke' : '')
}
process.exitCode = faults.length > 0 ? 1 : 0
