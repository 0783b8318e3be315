import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeFastFolder } from '../stand-ins/fast-folder.js'
import { type SinkRequest, startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { judgeLedger, type Receipt } from './ledger.js'
import { simulatedRoutes } from './routes.js'
import { composeRaw, makeMails, type SimulatedMail, seededRandom } from './week.js'

const minuteMs = 60_000
const hourMs = 3_600_000
const dayMs = 24 * hourMs
const start = Date.parse('2026-11-16T00:00:00Z')
/** The whole week takes a quarter of an hour: SIMULATED_HOURS=168 npx vitest run test/simulation/week */
const hours = Number(process.env.SIMULATED_HOURS ?? 3)
const mailsPerDay = Number(process.env.SIMULATED_MAILS_PER_DAY ?? 2_860)
/** Most of the time goes into starting the engine after each kill. */
const timeoutMs = 240_000 + hours * 30_000

/** When a channel does not answer, by the hour of each day. */
const outages: { channel: string; fromHour: number; hours: number }[] = [
  { channel: 'chat', fromHour: 3, hours: 0.1 },
  { channel: 'pager', fromHour: 9, hours: 1.5 },
  { channel: 'team', fromHour: 11, hours: 1.5 },
  { channel: 'chat', fromHour: 20, hours: 0.5 },
]
/** The gateway is stopped in good order, and is away for a while. */
const restarts = [
  { atHour: 5.5, awayMs: 20_000 },
  { atHour: 14, awayMs: 600_000 },
  { atHour: 22.25, awayMs: 1_000 },
]

describe('a simulated week', () => {
  let folder: string
  let sink: WebhookSink
  const receipts: Receipt[] = []

  beforeAll(async () => {
    folder = makeFastFolder('week')
    sink = await startWebhookSink()
    sink.replyWith((request) => {
      const receipt = readReceipt(request)
      if (isOut(receipt.channel, receipt.at)) return Math.random() < 0.5 ? { status: 503 } : { fault: 'close' }
      receipts.push(receipt)
      return { status: 200 }
    })
  })

  afterAll(async () => {
    await sink.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it(
    `loses nothing and tells nobody twice, killed once an hour for ${hours} hours`,
    async () => {
      const mails = makeMails({ start, days: Math.ceil(hours / 24), mailsPerDay, seed: 7 }).filter(
        ({ at }) => at < start + hours * hourMs,
      )
      writeFileSync(join(folder, 'routes.yaml'), simulatedRoutes(sink.url))
      writeFileSync(join(folder, 'mails.jsonl'), mails.map((mail) => JSON.stringify(toLine(mail))).join('\n'))
      const run = await runSimulation(folder, mails)
      const verdict = judgeLedger({
        database: join(folder, 'data', 'mailtrigger.sqlite3'),
        mails,
        receipts,
        ...run,
        isExcused,
      })
      process.stdout.write(`${verdict.table}\n`)
      expect(verdict.problems.slice(0, 20)).toEqual([])
    },
    timeoutMs,
  )
})

function isOut(channel: string, at: number): boolean {
  return outages.some(({ channel: out, fromHour, hours }) => {
    const hour = ((at - start) % dayMs) / hourMs
    return out === channel && hour >= fromHour && hour < fromHour + hours
  })
}

/** The gateway was away in between, or a channel out: what was due then comes when both are back. */
function isExcused(from: number, to: number): boolean {
  const away = restarts.some(({ atHour, awayMs }) => {
    const at = start + atHour * hourMs
    return from <= at + awayMs + minuteMs && to >= at && to <= at + awayMs + minuteMs
  })
  return away || outages.some(({ channel }) => isOut(channel, from))
}

function readReceipt({ path, headers, json }: SinkRequest): Receipt {
  const { type, data } = json as { type: string; data: { delivery_id: string; mail_id: string | null; title: string } }
  return {
    channel: path.slice(1),
    at: Number(headers['webhook-timestamp']) * 1_000,
    type,
    deliveryId: data.delivery_id,
    mailId: data.mail_id,
    title: data.title,
  }
}

function toLine(mail: SimulatedMail) {
  const { number, at, from, to, acknowledgedAt } = mail
  return { number, at, from, to, acknowledgedAt, raw: composeRaw(mail) }
}

/** Runs the engine to the end of the simulated time, killing it once an hour and restarting it as planned. */
async function runSimulation(folder: string, mails: SimulatedMail[]) {
  const random = seededRandom(11)
  const end = start + (hours + 5) * hourMs
  const stops = planStops(end, random)
  const kills: number[] = []
  const acknowledged = new Set<number>()
  let clock = start
  while (clock < end) {
    const stop = stops.shift() ?? { at: Number.POSITIVE_INFINITY, signal: 'SIGTERM' as const, awayMs: 0 }
    const next = mails.findIndex(({ number }) => !acknowledged.has(number))
    const child = startChild(folder, { from: clock, to: end, next: next === -1 ? mails.length : next })
    let isStopping = false
    for await (const line of createInterface({ input: child.stdout ?? process.stdin })) {
      const [word, value] = line.split(' ')
      if (word === '250') acknowledged.add(Number(value))
      if (word === 't') clock = Number(value)
      if (word === 'end') clock = end
      if (clock >= stop.at && !isStopping) {
        isStopping = true
        child.kill(stop.signal)
      }
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    if (child.exitCode !== null && child.exitCode !== 0) throw new Error(`the engine ended with ${child.exitCode}`)
    if (stop.signal === 'SIGKILL' && isStopping) kills.push(clock)
    if (isStopping) clock += stop.awayMs
  }
  return { acknowledged, kills, end }
}

interface Stop {
  at: number
  signal: 'SIGKILL' | 'SIGTERM'
  awayMs: number
}

function planStops(end: number, random: () => number): Stop[] {
  const stops: Stop[] = []
  for (let hour = start; hour < end; hour += hourMs) {
    stops.push({ at: hour + Math.floor(random() * hourMs), signal: 'SIGKILL', awayMs: 0 })
  }
  for (const { atHour, awayMs } of restarts) stops.push({ at: start + atHour * hourMs, signal: 'SIGTERM', awayMs })
  return stops.sort((left, right) => left.at - right.at)
}

function startChild(folder: string, { from, to, next }: { from: number; to: number; next: number }): ChildProcess {
  const script = resolve('test/simulation/simulate.mjs')
  const args = ['--config', join(folder, 'routes.yaml'), '--mails', join(folder, 'mails.jsonl')]
  return spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      script,
      ...args,
      '--from',
      `${from}`,
      '--to',
      `${to}`,
      '--next',
      `${next}`,
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
  )
}
