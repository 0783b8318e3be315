// Speaks damaged SMTP to the real door, in a process of its own, and looks whether it stands: it may not crash, leave
// anything unhandled, answer with what is no reply, take a mail that should not be, keep a connection, or grow.
//
//   node bench/fuzz-smtp.mjs [--sessions 100000] [--seed 1] [--parallel 48] [--only N] [--json]
//
// The same seed makes the same sessions; --only speaks the one with this number and shows both sides of it. Ctrl-C ends
// a long run early, with the figures so far.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { parseArgs } from 'node:util'
import { makeSession } from './fuzz-smtp-grammar.mjs'
import { printTable } from './print.mjs'
import { readRssMb } from './process-figures.mjs'

const { values: options } = parseArgs({
  options: {
    sessions: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    parallel: { type: 'string', default: '48' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const [count, seed, parallel] = [Number(options.sessions), Number(options.seed), Number(options.parallel)]
const only = options.only === undefined ? null : Number(options.only)

/** A session that is not over by then was kept: every wait of the listener is far shorter, on a busy machine as well. */
const sessionMsMax = 60_000
/** Of the listener, at any time; an idle one has about 90. */
const rssMbMax = 300
/** What is live after a collection may grow by this much after the first tenth of the sessions: counts of clients. */
const growthMbMax = 30

/** @type {Map<string, number>} */
const replies = new Map()
/** @type {Map<string, number>} */
const endings = new Map()
/** @type {string[]} */
const faults = []
let sentBytes = 0
let storedReplies = 0
let rssMbPeak = 0

/** @param {Map<string, number>} counts @param {string} key */
const countIn = (counts, key) => counts.set(key, (counts.get(key) ?? 0) + 1)

/** @param {number} index @param {string} what */
function reportFault(index, what) {
  if (faults.length < 20) faults.push(`session ${index}: ${what}`)
}

const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-fuzz-'))
const listener = fork(new URL('./fuzz-smtp-listener.mjs', import.meta.url), [folder], {
  execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
})
let isStopping = false
listener.on('exit', (code, signal) => {
  rmSync(folder, { recursive: true, force: true })
  if (isStopping && code === 0) return
  console.error(`the listener ended: ${signal ?? code}`)
  process.exit(1)
})
listener.on('message', (/** @type {any} */ message) => {
  if (message.type === 'crashed') console.error(message.text)
})
const [{ ports, pid }] = await once(listener, 'message')

/** @returns {Promise<any>} */
async function askFigures() {
  listener.send('figures')
  return (await once(listener, 'message'))[0]
}

/**
 * Which door a session knocks at: the plain one, the one behind a proxy, and now and then one with TLS, mostly to fail
 * there. The order is that of the listener's addresses. @param {number} index
 */
function doorOf(index) {
  const part = index % 50
  if (part === 0) return { port: ports[1], isProxied: false }
  if (part === 1) return { port: ports[3], isProxied: true }
  return part < 35 ? { port: ports[0], isProxied: false } : { port: ports[2], isProxied: true }
}

/** Looks at the replies of one session, as they come. @param {number} index @param {boolean} isPlain */
function createReader(index, isPlain) {
  let rest = ''
  let hasBegun = false
  return (/** @type {Buffer} */ chunk) => {
    if (only !== null) process.stdout.write(`< ${JSON.stringify(chunk.toString('latin1'))}\n`)
    if (!isPlain) return
    const lines = (rest + chunk.toString('latin1')).split('\r\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      // Beyond ASCII are only names that the client gave itself.
      if (!/^[2-5]\d\d[ -][\t\x20-\x7e\x80-\xff]*$/.test(line)) {
        reportFault(index, `no reply: ${JSON.stringify(line.slice(0, 200))}`)
      }
      if (!hasBegun && !/^(220|421|554) /.test(line)) reportFault(index, `no greeting: ${JSON.stringify(line)}`)
      hasBegun = true
      if (line[3] === ' ') countIn(replies, line.slice(0, 3))
      if (line.startsWith('250 2.6.0 stored')) storedReplies++
    }
  }
}

/** Resolves when the connection is closed. @param {number} index @returns {Promise<void>} */
function speak(index) {
  const { port, isProxied } = doorOf(index)
  const { parts, end, tls } = makeSession(seed, index, isProxied)
  const isPlain = port === ports[0] || port === ports[2]
  const read = createReader(index, isPlain)
  return new Promise((resolve) => {
    // Many clients, as the bounds on each would otherwise end most sessions at the greeting.
    const localAddress = `127.${1 + (index % 200)}.${index % 251}.${1 + (index % 241)}`
    const raw = connect({ host: '127.0.0.1', port, localAddress })
    /** @type {import('node:net').Socket} */
    let socket = raw
    let hasSpoken = false
    const overdue = setTimeout(() => {
      reportFault(index, `kept for ${sessionMsMax} ms`)
      socket.destroy()
    }, sessionMsMax)
    const sayAll = () => {
      hasSpoken = true
      for (const part of parts) {
        sentBytes += part.length
        if (only !== null) process.stdout.write(`> ${JSON.stringify(part.toString('latin1'))}\n`)
        socket.write(part)
      }
      if (end === 'close') socket.end()
      else if (end === 'reset') setImmediate(() => raw.resetAndDestroy())
    }
    // A client behind a proxy is greeted after the header, and with implicit TLS after the handshake that fails.
    if (isProxied || !isPlain) socket.once('connect', sayAll)
    else if (tls) {
      socket.once('data', () => socket.write('STARTTLS\r\n'))
      socket.on('data', (chunk) => {
        if (!chunk.toString('latin1').startsWith('220 Ready')) return
        socket.removeAllListeners('data')
        const secure = connectTls({ socket, rejectUnauthorized: false }, sayAll)
        secure.on('error', () => undefined)
        secure.on('data', () => undefined)
        secure.once('close', () => socket.destroy())
        socket = secure
      })
    } else {
      socket.once('data', sayAll)
      socket.on('data', read)
    }
    if (isProxied) socket.on('data', read)
    socket.on('error', () => undefined)
    raw.once('close', () => {
      clearTimeout(overdue)
      countIn(endings, !hasSpoken ? 'before a word' : tls ? 'over TLS' : isPlain ? end : 'in the handshake')
      resolve()
    })
  })
}

const first = only ?? 0
let last = only === null ? count : only + 1
let next = first
process.once('SIGINT', () => {
  last = next
})
const startFigures = await askFigures()
let earlyFigures = startFigures
const startedAt = performance.now()
const watch = setInterval(() => {
  rssMbPeak = Math.max(rssMbPeak, readRssMb(pid) ?? 0)
}, 200)
const progress = setInterval(() => {
  if (process.stderr.isTTY || count > 200_000) console.error(`${next} sessions, ${Math.round(readRssMb(pid) ?? 0)} MB`)
}, 60_000)

/** Speaks the sessions up to this one, or to the last. @param {number} upTo */
async function speakUpTo(upTo) {
  const lane = async () => {
    while (next < Math.min(upTo, last)) await speak(next++)
  }
  await Promise.all(Array.from({ length: parallel }, lane))
}
await speakUpTo(Math.min(last, first + Math.ceil((last - first) / 10)))
earlyFigures = await askFigures()
await speakUpTo(last)
clearInterval(watch)
clearInterval(progress)
const seconds = (performance.now() - startedAt) / 1_000
const endFigures = await askFigures()
isStopping = true
listener.send('stop')
await once(listener, 'exit')

const growthMb = (endFigures.liveBytes - earlyFigures.liveBytes) / 1e6
for (const envelope of endFigures.wrongs) faults.push(`a mail that should not be: ${envelope}`)
if (storedReplies > endFigures.saved) faults.push(`${storedReplies} times "stored" for ${endFigures.saved} mails`)
if (rssMbPeak > rssMbMax) faults.push(`${Math.round(rssMbPeak)} MB at the most, above ${rssMbMax}`)
if (growthMb > growthMbMax) faults.push(`grown by ${Math.round(growthMb)} MB, above ${growthMbMax}`)

const figures = {
  sessions: last - first,
  seed,
  seconds: Math.round(seconds),
  sessions_per_second: Math.round((last - first) / seconds),
  sent_mb: sentBytes / 1e6,
  mails: endFigures.saved,
  rss_start_mb: startFigures.rssBytes / 1e6,
  rss_max_mb: rssMbPeak,
  rss_end_mb: endFigures.rssBytes / 1e6,
  live_growth_mb: growthMb,
  faults: faults.length,
}
const byKey = (/** @type {Map<string, number>} */ counts) =>
  [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([name, sessions]) => ({ name, count: sessions }))
if (options.json) {
  console.log(
    JSON.stringify({
      ...figures,
      replies: Object.fromEntries(replies),
      endings: Object.fromEntries(endings),
      rejections: endFigures.rejections,
      faults,
    }),
  )
} else {
  printTable(
    'Sessions',
    Object.entries(figures).map(([name, value]) => ({ name, value })),
  )
  printTable('Endings', byKey(endings))
  printTable('Replies', byKey(replies))
  printTable('Refused', byKey(new Map(Object.entries(endFigures.rejections))))
  for (const fault of faults) console.log(fault)
}
process.exitCode = faults.length === 0 ? 0 : 1
