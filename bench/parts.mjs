import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { loadCheckedConfig } from '../dist/engine/load-config.js'
import { createOutbound } from '../dist/outbound/client.js'
import { planMail } from '../dist/pipeline.js'
import { parseMail } from '../dist/receive/mime/parse.js'
import { compileRoutes } from '../dist/route/compile-routes.js'
import { matchRoutes } from '../dist/route/match-routes.js'
import { openSqliteStore } from '../dist/store/sqlite/sqlite-store.js'
import { formatId, rawBytes } from './mails.mjs'

const batchSize = 32
const never = new AbortController().signal

/**
 * What each room takes of a mail, alone in this process: CPU microseconds a mail, the collector's threads included. The first fifth of the mails warms up and is not counted.
 * @param {{ mail: import('./mails.mjs').BenchMail, routesFile: string, sinkUrl: string, mails: number }} options
 */
export async function measureParts({ mail, routesFile, sinkUrl, mails }) {
  const source = { paths: [routesFile], overrides: {}, env: {}, inboxOnly: false }
  const { config } = await loadCheckedConfig(source)
  const raws = Array.from({ length: mails }, (_, number) => rawMail(mail, number))

  const parsed = /** @type {import('../dist/domain/mail.js').Mail[]} */ ([])
  const parse = await cpuPerItem(raws, async (raw) => void parsed.push(await parseMail(raw)))

  const routes = compileRoutes(config.routes)
  const measure = () => performance.now()
  const match = (/** @type {import('../dist/domain/mail.js').Mail} */ one) =>
    matchRoutes(routes, one, { now: Date.now(), measure, judgeByLlm: null, signal: never, llmExhausted: false })
  const matching = await cpuPerItem(parsed, match)

  const parts = { ...noSteps, config, now: Date.now, measure, matchRoutes: match }
  const plans = /** @type {import('../dist/pipeline.js').MailPlan[]} */ ([])
  const planning = await cpuPerItem(parsed, async (one) => {
    plans.push(await planMail(parts, one, { generation: 0, earlier: null }, never))
  })
  const store = await measureStore(raws, parsed, plans)
  const delivery = await measureDelivery(config, plans, sinkUrl)
  return [
    { part: 'parse', microseconds: parse },
    { part: 'match 20 routes', microseconds: matching },
    { part: 'steps, message, trace', microseconds: Math.max(0, planning - matching) },
    { part: 'store (save, claim, commit, claim, settle)', microseconds: store },
    { part: 'webhook send', microseconds: delivery },
  ]
}

/** The route sends and does nothing else, so none of these is ever asked. */
const noSteps = {
  parse: unexpected,
  getLookup: unexpected,
  runAction: unexpected,
}

/** @returns {never} */
function unexpected() {
  throw new Error('the benchmark routes ask for nothing but a send')
}

/** @param {import('./mails.mjs').BenchMail} mail @param {number} number */
function rawMail(mail, number) {
  const id = formatId('parts', number)
  const envelope = {
    from: 'alerts@svc.example.test',
    to: ['ops@gw.example.test'],
    client: '127.0.0.1',
    helo: 'bench.example.test',
    tls: false,
    user: null,
  }
  return { id, receivedAt: Date.now(), envelope, raw: rawBytes(mail, id) }
}

/**
 * A mail's whole way through a real store on a real disk, in batches as they form under load.
 * @param {import('../dist/domain/mail.js').RawMail[]} raws
 * @param {import('../dist/domain/mail.js').Mail[]} parsed
 * @param {import('../dist/pipeline.js').MailPlan[]} plans
 */
async function measureStore(raws, parsed, plans) {
  const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-bench-'))
  const store = openSqliteStore(folder, Date.now)
  const owner = 'bench'
  const batches = []
  for (let from = 0; from < raws.length; from += batchSize) batches.push(from)
  try {
    const perBatch = await cpuPerItem(batches, async (from) => {
      await store.saveMails(raws.slice(from, from + batchSize))
      const claims = { owner, leaseMs: 60_000, limit: batchSize }
      const suspects = { suspectAttempts: 3, suspect: true }
      const claimed = await store.claimMails({ ...claims, ...suspects, now: Date.now(), bytesMax: 32_000_000 })
      const routings = claimed.map((one, index) => routingOf(one, parsed[from + index], plans[from + index]))
      await Promise.all(routings.map((routing) => store.commitRouting(routing)))
      const deliveries = await store.claimDeliveries({ ...claims, channel: 'hook', now: Date.now() })
      await Promise.all(deliveries.map((delivery) => store.settleDelivery(settlementOf(delivery))))
    })
    const { deliveries } = await store.readStats(Date.now())
    if (deliveries.sent !== raws.length) throw new Error(`the store sent ${deliveries.sent} of ${raws.length} mails`)
    return perBatch / batchSize
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * @param {import('../dist/store/store.js').ClaimedMail} claimed
 * @param {import('../dist/domain/mail.js').Mail} mail
 * @param {import('../dist/pipeline.js').MailPlan} plan
 * @returns {import('../dist/store/store.js').Routing}
 */
function routingOf(claimed, mail, plan) {
  return {
    mailId: claimed.id,
    owner: claimed.owner,
    epoch: claimed.epoch,
    generation: claimed.generation,
    status: plan.trace.outcome,
    reason: plan.reason,
    subject: mail.subject,
    fromAddress: mail.from[0]?.address ?? '',
    malformed: null,
    pending: null,
    trace: plan.trace,
    notifications: plan.notifications,
    now: Date.now(),
  }
}

/**
 * @param {import('../dist/store/store.js').ClaimedDelivery} delivery
 * @returns {import('../dist/store/store.js').Settlement}
 */
function settlementOf(delivery) {
  const { id: deliveryId, owner, epoch } = delivery
  return {
    deliveryId,
    owner,
    epoch,
    now: Date.now(),
    status: 'sent',
    dueAt: null,
    refund: false,
    lastError: null,
    remote: {},
    address: null,
    attempt: { deliveryId, startedAt: Date.now(), durationMs: 1, outcome: 'accepted', statusCode: 200, excerpt: 'ok' },
    holdBack: null,
  }
}

/**
 * @param {import('../dist/domain/config.js').Config} config
 * @param {import('../dist/pipeline.js').MailPlan[]} plans
 * @param {string} url
 */
async function measureDelivery(config, plans, url) {
  const outbound = createOutbound({ policy: config.server.network, userAgent: 'mailtrigger-bench' })
  const { hook } = config.channels
  const context = {
    request: outbound.request,
    fetch: outbound.fetch,
    signal: never,
    now: Date.now,
    form: 'full',
    attempt: 1,
    hostname: 'bench.example.test',
    loadMail: unexpected,
    loadRaw: unexpected,
    saveToInbox: unexpected,
    log: unexpected,
  }
  const messages = plans.map((plan) => plan.notifications[0].message)
  const batches = []
  for (let from = 0; from < messages.length; from += batchSize) batches.push(messages.slice(from, from + batchSize))
  const send = async (/** @type {import('../dist/domain/message.js').Message} */ message) => {
    const settings = /** @type {never} */ ({ .../** @type {object} */ (hook.settings), url })
    const outcome = await hook.kind.send(message, null, settings, { ...context, deliveryId: message.mailId })
    if (outcome.kind !== 'accepted' && outcome.kind !== 'delivered') throw new Error(`the webhook said ${outcome.text}`)
  }
  try {
    return (await cpuPerItem(batches, (batch) => Promise.all(batch.map(send)))) / batchSize
  } finally {
    await outbound.close()
  }
}

/**
 * @template Item
 * @param {Item[]} items
 * @param {(item: Item) => Promise<unknown>} work
 */
async function cpuPerItem(items, work) {
  const warmUp = Math.ceil(items.length / 5)
  for (const item of items.slice(0, warmUp)) await work(item)
  const before = process.cpuUsage()
  for (const item of items.slice(warmUp)) await work(item)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / (items.length - warmUp)
}
