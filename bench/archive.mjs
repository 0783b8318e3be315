// Measures the API and the console's pages over a large archive: lists, searches, one mail, the status, while mails come
// in by SMTP. The archive is made through the store itself. Times move with the machine; compare the ratios to the same
// questions to an empty store.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { buildArchive } from './build-archive.mjs'
import { startServer, startSink } from './children.mjs'
import { sendLoad } from './load.mjs'
import { textMail } from './mails.mjs'
import { percentile, printTable, ratio } from './print.mjs'
import { routesFile } from './routes-file.mjs'

const help = `node bench/archive.mjs [options]
  --mails N      mails of the archive, 100 to 1,000,000 (100000)
  --rate N       mails a second that come in meanwhile, 0 to 2,000 (200)
  --rounds N     how often each question is asked, 5 to 1,000 (40)
  --json         one JSON document instead of tables`

const text = { type: /** @type {const} */ ('string') }
const flag = { type: /** @type {const} */ ('boolean'), default: false }
const { values } = parseArgs({ options: { mails: text, rate: text, rounds: text, json: flag, help: flag } })
if (values.help) {
  console.log(help)
  process.exit(0)
}
const settings = {
  mails: readCount(values.mails ?? '100000', 100, 1_000_000),
  rate: readCount(values.rate ?? '200', 0, 2_000),
  rounds: readCount(values.rounds ?? '40', 5, 1_000),
}

/** What is asked, by name. `{mail}` is the id of a mail in the middle of the archive. */
const questions = {
  'list, newest': '/mails?limit=50',
  'list, from the middle': '/mails?limit=50&cursor={mail}',
  'list, by state': '/mails?limit=50&status=failed',
  'list, by route': '/mails?limit=50&route=rare%20route',
  'list, by channel': '/mails?limit=50&channel=desk',
  'list, of the last hour': '/mails?limit=50&since=1h',
  'search, common word': '/mails?limit=50&search=level',
  'search, rare word': '/mails?limit=50&search=quokka',
  'search, no hit': '/mails?limit=50&search=xyzzyplugh',
  'search, phrase': '/mails?limit=50&search=%22disk%20almost%20full%22',
  'search, Chinese': '/mails?limit=50&search=%E7%A3%81%E7%A2%9F%E5%B7%B2%E6%BB%BF',
  'search, fields': '/mails?limit=50&search=from:monit%20subject:disk%20-body:quokka',
  'search, word of a state': '/mails?limit=50&search=level%20state:failed',
  'search, beginning': '/mails?limit=50&search=quok*',
  'search, large ones': '/mails?limit=50&search=larger:100KB',
  'one mail': '/mails/{mail}',
  status: '/status',
  deliveries: '/deliveries?limit=50',
  'deliveries, dead': '/deliveries?limit=50&status=dead',
  'deliveries, by channel': '/deliveries?limit=50&channel=desk',
  notifications: '/notifications?limit=50',
}

/** The pages of the console that are looked at most, the same way. */
const pages = {
  'page, overview': '/',
  'page, mails': '/mails',
  'page, mails from the middle': '/mails?cursor={mail}',
  'page, search, common word': '/mails?search=level',
  'page, search, rare word': '/mails?search=quokka',
  'page, search, by state': '/mails?search=state:failed',
  'page, one mail': '/mails/{mail}',
  'page, deliveries': '/deliveries',
  'page, dead letters': '/dead-letters',
  'page, routes': '/routes',
}
const everything = { ...mapValues(questions, (path) => `/api/v1${path}`), ...pages }

const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-archive-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))

const sink = await startSink()
try {
  const empty = await measure('empty', 0)
  const full = await measure('full', settings.mails)
  if (values.json) console.log(JSON.stringify({ settings, empty, full }, null, 2))
  else print(empty, full)
} finally {
  await sink.stop()
}

/** @param {string} name @param {number} mails */
async function measure(name, mails) {
  const place = join(folder, name)
  const startedAt = performance.now()
  const archive = await buildArchive({ folder: join(place, 'data'), mails })
  const buildSeconds = (performance.now() - startedAt) / 1_000
  const routesPath = join(place, 'routes.yaml')
  writeFileSync(routesPath, routesFile({ url: sink.url, routes: 20 }))
  const server = await startServer({ folder: place, routesFile: routesPath, profile: null })
  try {
    const ask = openClient(join(place, 'data'))
    const send = (/** @type {number} */ messages, /** @type {number | null} */ ratePerSecond) =>
      sendLoad({
        port: server.port,
        run: Date.now().toString(36),
        mail: textMail(),
        sessions: 20,
        keepsConnection: true,
        messages,
        ratePerSecond,
        secondsMax: 60,
      })
    // There is something to look at also where nothing was before.
    await send(100, null)
    await sleep(3_000)
    const mail = archive.middle ?? (await readFirstMail(ask))
    const quiet = await askAll(ask, mail)
    const busy = await askWhile(() => askAll(ask, mail), send)
    return { buildSeconds, quiet, ...busy }
  } finally {
    await server.stop()
  }
}

/** Second by second, until everything is asked. @param {() => Promise<Times>} askThem @param {(messages: number, rate: number) => ReturnType<typeof sendLoad>} send */
async function askWhile(askThem, send) {
  if (settings.rate === 0) return { busy: null, accepted: 0, acceptP50: null, acceptP99: null }
  let isOver = false
  const asking = askThem().finally(() => {
    isOver = true
  })
  let accepted = 0
  const waits = []
  while (!isOver) {
    const { acceptedAt, sentAt } = await send(settings.rate, settings.rate)
    accepted += acceptedAt.size
    for (const [number, at] of acceptedAt) waits.push(at - (sentAt.get(number) ?? at))
  }
  return { busy: await asking, accepted, acceptP50: percentile(waits, 0.5), acceptP99: percentile(waits, 0.99) }
}

/** @typedef {Record<string, { p50: number | null, p95: number | null, items: number }>} Times */

/** Every question in turn, round by round, so that none has the quiet moments. @param {Ask} ask @param {string} mail */
async function askAll(ask, mail) {
  /** @type {Record<string, number[]>} */
  const times = mapValues(everything, () => [])
  /** @type {Record<string, number>} */
  const items = {}
  for (let round = 0; round < settings.rounds; round++) {
    for (const [name, path] of Object.entries(everything)) {
      const startedAt = performance.now()
      const answer = await ask(path.replaceAll('{mail}', mail))
      times[name]?.push(performance.now() - startedAt)
      items[name] = typeof answer === 'string' ? Buffer.byteLength(answer) : (answer.items?.length ?? 1)
    }
  }
  /** @type {Times} */
  const table = {}
  for (const [name, list] of Object.entries(times)) {
    table[name] = { p50: percentile(list, 0.5), p95: percentile(list, 0.95), items: items[name] ?? 0 }
  }
  return table
}

/** A page, or what of an answer of the API is looked at. @typedef {string | { items?: { id: string }[] }} Answer */
/** @typedef {(path: string) => Promise<Answer>} Ask */

/** @param {Ask} ask */
async function readFirstMail(ask) {
  const answer = await ask('/api/v1/mails?limit=1')
  const id = typeof answer === 'string' ? undefined : answer.items?.[0]?.id
  if (id === undefined) throw new Error('no mail came in')
  return id
}

/** @param {string} data @returns {Ask} */
function openClient(data) {
  const { url, token } = JSON.parse(readFileSync(join(data, 'runtime.json'), 'utf8'))
  return async (path) => {
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return path.startsWith('/api/') ? answer.json() : answer.text()
  }
}

/** @typedef {Awaited<ReturnType<typeof measure>>} Report @param {Report} empty @param {Report} full */
function print(empty, full) {
  for (const state of /** @type {const} */ (['quiet', 'busy'])) {
    const rows = Object.keys(everything).map((name) => {
      const [before, after] = [empty[state]?.[name], full[state]?.[name]]
      return {
        ' ': name,
        'items, bytes of a page': after?.items ?? null,
        'empty p50': before?.p50 ?? null,
        'empty p95': before?.p95 ?? null,
        'full p50': after?.p50 ?? null,
        'full p95': after?.p95 ?? null,
        'p50 full / empty': ratio(after?.p50 ?? null, before?.p50 ?? null),
      }
    })
    const during = state === 'quiet' ? 'nothing comes in' : `${settings.rate} mails a second come in`
    printTable(`${settings.mails} mails, milliseconds, ${during}`, rows)
  }
  const lines = [empty, full].map((report, index) => ({
    ' ': index === 0 ? 'empty' : 'full',
    accepted: report.accepted,
    '250 p50 ms': report.acceptP50,
    '250 p99 ms': report.acceptP99,
    'built in s': report.buildSeconds,
  }))
  printTable('mails that came in meanwhile', lines)
}

/** @template Value @param {Record<string, string>} table @param {(value: string) => Value} change @returns {Record<string, Value>} */
function mapValues(table, change) {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [name, change(value)]))
}

function readCount(/** @type {string} */ word, /** @type {number} */ min, /** @type {number} */ max) {
  const count = Number(word)
  if (Number.isInteger(count) && count >= min && count <= max) return count
  console.error(`"${word}" is not a whole number from ${min} to ${max}\n${help}`)
  process.exit(2)
}
