// Measures the real server on this machine: SMTP in, webhooks out, on loopback only. Rates move with the machine and
// whatever else runs on it; compare ratios, and CPU seconds a thousand mails, which move least.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startAcceptOnly, startServer, startSink } from './children.mjs'
import { sendLoad } from './load.mjs'
import { multipartMail, textMail } from './mails.mjs'
import { measureParts } from './parts.mjs'
import { percentile } from './print.mjs'
import { readCpuSeconds, readRssMb } from './process-figures.mjs'
import { printReport } from './report.mjs'
import { routesFile } from './routes-file.mjs'

const help = `node bench/end-to-end.mjs [options]
  --messages N   mails of the main run, 100 to 100,000 (4000)
  --sessions N   SMTP sessions at a time, 1 to 200 (30)
  --seconds N    length of each run at a fixed rate, and bound of every other run, 1 to 60 (6)
  --profile DIR  write CPU profiles of the server's threads into DIR
  --json         one JSON document instead of tables`
const drainMs = 30_000
const routes = 20

const options = readOptions()
const report = await runAll(options)
if (options.json) console.log(JSON.stringify(report, null, 2))
else printReport(report)
if (report.lost > 0 || report.duplicated > 0) process.exitCode = 1

function readOptions() {
  const text = { type: /** @type {const} */ ('string') }
  const flag = { type: /** @type {const} */ ('boolean'), default: false }
  const { values } = parseArgs({
    options: { messages: text, sessions: text, seconds: text, profile: text, json: flag, help: flag },
  })
  if (values.help) {
    console.log(help)
    process.exit(0)
  }
  return {
    messages: readCount(values.messages ?? '4000', 100, 100_000),
    sessions: readCount(values.sessions ?? '30', 1, 200),
    seconds: readCount(values.seconds ?? '6', 1, 60),
    profile: values.profile ?? null,
    json: values.json,
  }
}

function readCount(/** @type {string} */ text, /** @type {number} */ min, /** @type {number} */ max) {
  const count = Number(text)
  if (Number.isInteger(count) && count >= min && count <= max) return count
  console.error(`"${text}" is not a whole number from ${min} to ${max}\n${help}`)
  process.exit(2)
}

/** @param {ReturnType<typeof readOptions>} settings */
async function runAll(settings) {
  const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
  /** @type {(() => Promise<void>)[]} */
  const stops = []
  try {
    const sink = await startSink()
    stops.push(sink.stop)
    const routesPath = join(folder, 'routes.yaml')
    writeFileSync(routesPath, routesFile({ url: sink.url, routes }))
    const served = await measureServer(settings, folder, routesPath, sink, stops)
    const bare = await measureAcceptOnly(settings, folder, stops)
    const mails = Math.min(2_000, settings.messages)
    const parts = await measureParts({ mail: textMail(), routesFile: routesPath, sinkUrl: sink.url, mails })
    return { ...served, rows: [...served.rows, ...bare], parts, settings }
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

/** @typedef {Awaited<ReturnType<typeof measureRun>>} Run */
/** @typedef {Awaited<ReturnType<typeof runAll>>} Report */

/**
 * @param {ReturnType<typeof readOptions>} settings
 * @param {string} folder
 * @param {string} routesPath
 * @param {import('./children.mjs').Sink} sink
 * @param {(() => Promise<void>)[]} stops
 */
async function measureServer({ messages, sessions, seconds, profile }, folder, routesPath, sink, stops) {
  const server = await startServer({ folder, routesFile: routesPath, profile })
  stops.push(server.stop)
  await sleep(1_000)
  const rssIdleMb = readRssMb(server.pid)
  const base = { sessions, keepsConnection: true, ratePerSecond: null, secondsMax: seconds * 3, mail: textMail() }
  const run = (/** @type {string} */ name, /** @type {object} */ change) =>
    measureRun(name, server, sink, { ...base, messages, ...change })

  const warm = await run('warm-up', { messages: Math.min(1_000, messages) })
  const rows = [
    await run('kept alive, 2 KB', {}),
    await run('one per connection, 2 KB', { keepsConnection: false, messages: Math.ceil(messages / 2) }),
    await run('kept alive, 20 KB', { mail: multipartMail(), messages: Math.ceil(messages / 4) }),
    await run('200 a second', { ratePerSecond: 200, messages: 200 * seconds, secondsMax: seconds * 2 }),
    await run('1,000 a second', { ratePerSecond: 1_000, messages: 1_000 * seconds, secondsMax: seconds * 2 }),
  ]
  const rssAfterMb = readRssMb(server.pid)
  // What a stopping server sends twice would come only now.
  await server.stop()
  const lost = [warm, ...rows].reduce((sum, row) => sum + row.lost, 0)
  return { rows, lost, duplicated: await sink.countDuplicates(), rssIdleMb, rssAfterMb }
}

/**
 * @param {ReturnType<typeof readOptions>} settings
 * @param {string} folder
 * @param {(() => Promise<void>)[]} stops
 */
async function measureAcceptOnly({ messages, sessions, seconds }, folder, stops) {
  const target = await startAcceptOnly(folder)
  stops.push(target.stop)
  const base = { sessions, ratePerSecond: null, secondsMax: seconds * 3, mail: textMail() }
  await measureRun('warm-up', target, null, { ...base, keepsConnection: true, messages: 1_000 })
  return [
    await measureRun('accept only, kept alive', target, null, { ...base, keepsConnection: true, messages }),
    await measureRun('accept only, one per connection', target, null, {
      ...base,
      keepsConnection: false,
      messages: Math.ceil(messages / 2),
    }),
  ]
}

/**
 * One load, until everything accepted is delivered. Latencies are in milliseconds. A delivery may overtake its own 250,
 * which waits for room; its time from the 250 on is then nought.
 * @param {string} name
 * @param {import('./children.mjs').Target} target
 * @param {import('./children.mjs').Sink | null} sink
 * @param {Omit<import('./load.mjs').LoadOptions, 'port' | 'run'>} load
 */
async function measureRun(name, target, sink, load) {
  const run = Date.now().toString(36)
  const cpuBefore = readCpuSeconds(target.pid)
  const sent = await sendLoad({ ...load, port: target.port, run })
  const accepted = sent.acceptedAt.size
  const arrivals = sink === null ? new Map() : await sink.expect(run, accepted, drainMs)
  const cpuAfter = readCpuSeconds(target.pid)
  const accept = [...sent.acceptedAt].map(([number, at]) => at - (sent.sentAt.get(number) ?? at))
  const deliver = [...arrivals].map(([number, at]) => Math.max(0, at - (sent.acceptedAt.get(number) ?? at)))
  const wholeWay = [...arrivals].map(([number, at]) => at - (sent.sentAt.get(number) ?? at))
  const lastArrival = [...arrivals.values()].reduce((last, at) => Math.max(last, at), sent.startedAt)
  return {
    name,
    accepted,
    refused: [...sent.refusals].map(([words, count]) => `${count} x ${words}`),
    acceptedPerSecond: (accepted / (sent.endedAt - sent.startedAt)) * 1_000,
    deliveredPerSecond: sink === null ? null : (arrivals.size / (lastArrival - sent.startedAt)) * 1_000,
    cpuPerThousand: cpuAfter === null || cpuBefore === null ? null : ((cpuAfter - cpuBefore) / accepted) * 1_000,
    acceptP50: percentile(accept, 0.5),
    acceptP99: percentile(accept, 0.99),
    deliverP50: percentile(deliver, 0.5),
    deliverP99: percentile(deliver, 0.99),
    wholeWayP50: percentile(wholeWay, 0.5),
    wholeWayP99: percentile(wholeWay, 0.99),
    latenessP99: load.ratePerSecond === null ? null : percentile(sent.latenessMs, 0.99),
    lost: sink === null ? 0 : [...sent.acceptedAt.keys()].filter((number) => !arrivals.has(number)).length,
  }
}
