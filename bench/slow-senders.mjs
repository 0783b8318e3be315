// Many slow senders of large mails at a time: what the server holds in memory, and how other mails fare meanwhile.
//   node bench/slow-senders.mjs [senders, 1000] [megabytes each, 25] [of them finish, 40]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { beginData, openSession } from './smtp-session.mjs'

const [senders = 1_000, megabytes = 25, finishing = 40] = process.argv.slice(2).map(Number)
const pieceBytes = 1_000_000
const line = Buffer.from(`${'x'.repeat(98)}\r\n`)
const piece = Buffer.concat(Array.from({ length: pieceBytes / line.length }, () => line))

const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-slow-'))
const { bavail, bsize } = statfsSync(folder)
if (bavail * bsize < senders * megabytes * 1.1e6) throw new Error(`${folder} has too little room`)
writeFileSync(
  join(folder, 'routes.yaml'),
  `version: 1
server: { smtp: { max_connections: ${senders + 20}, max_size: ${megabytes + 2}MB } }
routes: []
`,
)
const server = await startServer()
const { smtp } = JSON.parse(readFileSync(join(folder, 'data', 'runtime.json'), 'utf8'))
const port = smtp[0].port
const startBytes = readStatus('VmRSS')
const canary = { sent: 0, worstMs: 0, running: true }
const canaries = sendCanaries()
const startedAt = performance.now()
const clients = await Promise.all(Array.from({ length: senders }, openSender))
for (let sent = 1; sent < megabytes; sent++) {
  await Promise.all(clients.map((client) => write(client.socket, piece)))
  print(`${sent} MB each`)
}
const replies = await Promise.all(
  clients.slice(0, finishing).map(async (client) => {
    client.socket.write('.\r\n')
    return client.reply()
  }),
)
print(`${replies.filter((reply) => reply.startsWith('250')).length} of ${finishing} saved`)
for (const client of clients) client.socket.destroy()
while (readdirSync(join(folder, 'data', 'spool')).length > 0) await pause(50)
canary.running = false
await canaries
print(`after ${Math.round((performance.now() - startedAt) / 1_000)} s, the spool is empty`)
console.log(
  `${senders} senders of ${megabytes} MB: ${toMb(startBytes)} MB resident at the start, ${toMb(readStatus('VmHWM'))} MB ` +
    `at most; other mails meanwhile: ${canary.sent}, the slowest answered within ${Math.round(canary.worstMs)} ms`,
)
server.kill('SIGTERM')
await once(server, 'exit')
rmSync(folder, { recursive: true, force: true })

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
  for await (const text of started.stderr) {
    said += text
    if (said.includes('/api/v1')) break
  }
  if (!said.includes('/api/v1')) throw new Error(said)
  return started
}

/** A session in which DATA has begun. */
async function openSender() {
  const session = await openSession(port)
  await beginData(session)
  session.socket.write('Subject: slow\r\n\r\n')
  return session
}

/** @param {import('node:net').Socket} socket @param {Uint8Array} bytes */
async function write(socket, bytes) {
  if (!socket.write(bytes)) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
}

/** One small mail after the other, each over a connection of its own. */
async function sendCanaries() {
  while (canary.running) {
    const since = performance.now()
    const client = await openSender()
    client.socket.write('.\r\n')
    const reply = await client.reply()
    if (!reply.startsWith('250')) throw new Error(`a small mail was not taken: ${reply}`)
    client.socket.destroy()
    canary.sent++
    canary.worstMs = Math.max(canary.worstMs, performance.now() - since)
    await pause(100)
  }
}

/** @param {string} name */
function readStatus(name) {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1_024
}

/** @param {string} what */
function print(what) {
  console.log(`${what.padEnd(32)} ${toMb(readStatus('VmRSS'))} MB resident, ${toMb(readStatus('VmHWM'))} MB at most`)
}

/** @param {number} bytes */
function toMb(bytes) {
  return Math.round(bytes / 1e6)
}
