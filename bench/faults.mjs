// A disk that fails at random moments under load, by strace: is anything lost that was acknowledged?
//   node bench/faults.mjs [faults, 40] [seed, 1]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { beginData, openSession } from './smtp-session.mjs'

const [count = 40, seed = 1] = process.argv.slice(2).map(Number)
const sessions = 8
/** The system call, its error, and how many calls of a thread may go well before. */
const kinds = /** @type {const} */ ([
  ['fsync', 'EIO', 60],
  ['fsync', 'ENOSPC', 60],
  ['pwrite64', 'EIO', 60],
  ['pwrite64', 'ENOSPC', 60],
  ['pread64', 'EIO', 60],
  ['openat', 'EMFILE', 6],
  ['openat', 'ENOSPC', 6],
  ['unlink', 'EIO', 6],
  ['statfs', 'EIO', 3],
])
const random = seeded(seed)
const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-faults-'))
/** @type {Map<string, number>} */
const delivered = new Map()
const sink = createServer(async (request, response) => {
  let text = ''
  for await (const bytes of request) text += bytes
  const { title } = JSON.parse(text).data
  delivered.set(title, (delivered.get(title) ?? 0) + 1)
  response.end('ok')
}).listen(0, '127.0.0.1')
await once(sink, 'listening')
const { port: sinkPort } = /** @type {import('node:net').AddressInfo} */ (sink.address())
writeFileSync(
  join(folder, 'routes.yaml'),
  `version: 1
defaults: { retry: [200ms, 500ms, 1s, 2s, 5s] }
channels: { hook: { kind: webhook, url: "http://127.0.0.1:${sinkPort}/" } }
routes: [ { name: all, steps: [ { send: hook } ] } ]
`,
)

/** @type {Set<string>} */
const acknowledged = new Set()
/** @type {Map<string, number>} */
const refusals = new Map()
/** @type {{ port: number, process: import('node:child_process').ChildProcess, said: () => string } | null} */
let server = await startServer()
let running = true
let sent = 0
const senders = Array.from({ length: sessions }, sendUntilStopped)
const tally = { faults: 0, wentOn: 0, ended: 0, notMet: 0 }
for (let index = 0; index < count; index++) {
  const struck = server
  const [call, error, callsMax] = kinds[Math.floor(random() * kinds.length)] ?? kinds[0]
  const when = `${1 + Math.floor(random() * callsMax)}${random() < 0.3 ? '+' : ''}`
  const outcome = await strike(struck, call, error, when)
  tally[outcome]++
  tally.faults++
  console.log(`${String(index + 1).padStart(3)}  ${call} ${error} at ${when}: ${outcome}`)
  if (outcome !== 'ended') continue
  if (struck.process.exitCode === 0 || struck.process.exitCode === null) throw new Error(`it ended by ${struck.said()}`)
  server = null
  server = await startServer()
}
running = false
await Promise.all(senders)
// Leases of what was under way are given up at a start.
await stopServer(server)
server = await startServer()
const end = Date.now() + 120_000
while ([...acknowledged].some((subject) => !delivered.has(subject)) && Date.now() < end) await pause(100)
const stored = await listStored()
await stopServer(server)
sink.close()
const lost = [...acknowledged].filter((subject) => !stored.has(subject) || !delivered.has(subject))
const twice = [...delivered.values()].filter((times) => times > 1).length
console.log(
  `seed ${seed}: ${tally.faults} faults (${tally.wentOn} went on, ${tally.ended} ended and were started again, ` +
    `${tally.notMet} were not met); mails sent ${sent}, acknowledged ${acknowledged.size}, stored ${stored.size}, ` +
    `lost ${lost.length}, delivered more than once ${twice}`,
)
console.log(`refused: ${JSON.stringify(Object.fromEntries(refusals))}`)
if (lost.length > 0) {
  console.log(`lost: ${lost.join(' ')}; the data is in ${folder}`)
  process.exitCode = 1
} else rmSync(folder, { recursive: true, force: true })

/** @param {NonNullable<typeof server>} struck @param {string} call @param {string} error @param {string} when */
async function strike(struck, call, error, when) {
  const trace = join(folder, 'trace')
  writeFileSync(trace, '')
  const args = ['-f', '-p', String(struck.process.pid), '-o', trace, '-e', `trace=${call}`]
  const strace = spawn('strace', [...args, '-e', `inject=${call}:error=${error}:when=${when}`], { stdio: 'ignore' })
  const gone = once(strace, 'exit')
  const wanted = when.endsWith('+') ? 10 : 1
  const isMet = () => readFileSync(trace, 'utf8').split('(INJECTED)').length > wanted
  const hasEnded = () => struck.process.exitCode !== null || struck.process.signalCode !== null
  await waitFor(() => isMet() || hasEnded(), 10_000)
  const met = isMet()
  strace.kill('SIGINT')
  await gone
  const goal = acknowledged.size + 20
  if (!(await waitFor(() => hasEnded() || acknowledged.size >= goal, 60_000))) throw new Error('no mail gets through')
  if (hasEnded()) return 'ended'
  return met ? 'wentOn' : 'notMet'
}

async function sendUntilStopped() {
  while (running) {
    const at = server?.port
    if (at === undefined) await pause(20)
    else await sendSome(at)
  }
}

/** @param {number} port */
async function sendSome(port) {
  const session = await openSession(port)
  try {
    for (let mail = 0; mail < 10 && running; mail++) {
      await beginData(session)
      const subject = `faults-${++sent}`
      const body = 'some text of a mail\r\n'.repeat(sent % 10 === 0 ? 20_000 : 50)
      session.socket.write(`Subject: ${subject}\r\n\r\n${body}.\r\n`)
      const reply = await session.reply()
      if (reply.startsWith('250')) acknowledged.add(subject)
      else note(reply)
    }
  } catch (error) {
    note(error instanceof Error ? error.message : String(error))
    await pause(20)
  } finally {
    session.socket.destroy()
  }
}

/** @param {string} reply */
function note(reply) {
  const short = reply.replace(/^[A-Z :<>@.a-z]*: /, '').slice(0, 60)
  refusals.set(short, (refusals.get(short) ?? 0) + 1)
}

async function startServer() {
  const main = resolve(import.meta.dirname, '../dist/main.js')
  const args = [
    '--disable-warning=ExperimentalWarning',
    main,
    'serve',
    '--smtp',
    '127.0.0.1:0',
    '--http',
    '127.0.0.1:0',
  ]
  const started = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  started.stderr.on('data', (text) => {
    said += text
  })
  if (!(await waitFor(() => said.includes('/api/v1') || started.exitCode !== null, 60_000))) throw new Error(said)
  if (started.exitCode !== null) throw new Error(said)
  return { port: readRuntime().smtp[0].port, process: started, said: () => said }
}

/** @param {NonNullable<typeof server>} stopped */
async function stopServer(stopped) {
  const gone = once(stopped.process, 'exit')
  stopped.process.kill('SIGTERM')
  const [code] = await gone
  if (code !== 0) throw new Error(`stopped with ${code}: ${stopped.said()}`)
}

/** @returns {{ url: string, token: string, smtp: { port: number }[] }} */
function readRuntime() {
  return JSON.parse(readFileSync(join(folder, 'data', 'runtime.json'), 'utf8'))
}

async function listStored() {
  const { url, token } = readRuntime()
  const subjects = new Set()
  for (let cursor = ''; ; ) {
    const answer = await fetch(`${url}/api/v1/mails?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const page = await answer.json()
    for (const { subject } of page.items) subjects.add(subject)
    if (page.next_cursor === null) return subjects
    cursor = page.next_cursor
  }
}

/** @param {() => boolean} holds @param {number} timeoutMs */
async function waitFor(holds, timeoutMs) {
  const until = Date.now() + timeoutMs
  while (!holds()) {
    if (Date.now() > until) return false
    await pause(20)
  }
  return true
}

/** The same faults for the same seed (mulberry32). @param {number} state */
function seeded(state) {
  let word = state | 0
  return () => {
    word = (word + 0x6d2b79f5) | 0
    let mixed = Math.imul(word ^ (word >>> 15), 1 | word)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
