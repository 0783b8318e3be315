// The engine on a clock that is set from outside: it jumps from one moment at which something is to be done to the next.
// Says `250 <number> <id>` when a mail is stored and `t <clock>` at each step, in writes that a kill cannot take back.
import { readFileSync, writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startEngine } from '#src/engine/engine.js'
import { offerEngineCalls } from '#src/engine/engine-calls.js'
import { createLogger } from '#src/log/logger.js'

/** A step is never longer: the gateway's sign of life must not look like an absence. */
const stepMsMax = 60_000
/** Looks at one moment until nothing is due any more; what is due for ever is a mistake. */
const looksMax = 10_000

const { values } = parseArgs({
  options: {
    config: { type: 'string' },
    mails: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    next: { type: 'string' },
    job: { type: 'string' },
    'job-every': { type: 'string' },
  },
})
const mails = readFileSync(values.mails, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
const end = Number(values.to)
let clock = Number(values.from)
let next = Number(values.next)
const jobEveryMs = Number(values['job-every'] ?? Number.POSITIVE_INFINITY)

const say = (line) => writeSync(1, `${line}\n`)
const now = () => clock
const engine = await startEngine({
  source: { paths: [values.config], overrides: {}, env: {}, inboxOnly: false },
  log: createLogger({ level: 'error', terminal: false, color: false }),
  emit: () => undefined,
  now,
  measure: now,
})
const calls = offerEngineCalls(engine)
const acknowledgements = mails
  .filter(({ acknowledgedAt }) => acknowledgedAt !== null && acknowledgedAt >= clock)
  .sort((left, right) => left.acknowledgedAt - right.acknowledgedAt)

let isStopping = false
process.on('SIGTERM', () => {
  isStopping = true
})

let runAt = clock + jobEveryMs
await doAllThatIsDue()
while (clock < end && !isStopping) {
  const mail = mails[next]
  const moments = [mail?.at, acknowledgements[0]?.acknowledgedAt, await nextDueAt(), runAt, clock + stepMsMax, end]
  clock = Math.max(clock, Math.min(...moments.filter((moment) => typeof moment === 'number')))
  say(`t ${clock}`)
  // What came while the gateway was away comes now: senders try again.
  while (mails[next] !== undefined && mails[next].at <= clock) await receive(mails[next++])
  await doAllThatIsDue()
  if (clock >= runAt) await runJob()
  while (acknowledgements[0]?.acknowledgedAt <= clock) await acknowledge(acknowledgements.shift())
  await doAllThatIsDue()
}
await engine.stop()
if (clock >= end) say('end')

async function receive(mail) {
  const id = engine.newId()
  const envelope = { from: mail.from, to: [mail.to], client: '127.0.0.1', helo: 'simulated', tls: false, user: null }
  await calls.saveMails([{ id, receivedAt: clock, envelope, raw: Buffer.from(mail.raw, mail.encoding ?? 'utf8') }])
  say(`250 ${mail.number} ${id}`)
}

async function runJob() {
  runAt += jobEveryMs
  const run = await calls.runJob(values.job)
  if (run.outcome !== 'success') throw new Error(`the job ended as ${run.outcome}: ${run.error}`)
}

async function acknowledge({ number }) {
  const { items } = await calls.listMails({ text: `+${number}@`, limit: 100 })
  for (const mail of items) {
    const page = await calls.listNotifications({ mailId: mail.id, limit: 10 })
    for (const { id } of page.items)
      await calls.acknowledge({ notificationId: id, note: null }, 'person').catch(unlessOver)
  }
}

function unlessOver(error) {
  if (error.name !== 'ApiError') throw error
}

async function doAllThatIsDue() {
  for (let looks = 0; looks < looksMax; looks++) {
    engine.pipeline.wake()
    await engine.pipeline.idle()
    engine.follow.wake()
    engine.watch.wake()
    await Promise.all([engine.follow.idle(), engine.watch.idle()])
    engine.deliveries.wake()
    await engine.deliveries.idle()
    const dueAt = await nextDueAt()
    if (dueAt === null || dueAt > clock) return
  }
  throw new Error(`at ${new Date(clock).toISOString()} something is due for ever`)
}

async function nextDueAt() {
  const moments = await Promise.all([
    engine.store.nextMailDueAt(),
    engine.store.nextFollowUpAt(),
    engine.deliveries.nextReadyAt(),
  ])
  const known = moments.filter((moment) => moment !== null)
  return known.length === 0 ? null : Math.min(...known)
}
