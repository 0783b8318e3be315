// Measures each kind of channel alone: messages a second from `send` to its outcome. The far end answers at once what the
// kind's own stand-in answered to the same message, and the ratio is to a bare `fetch` of the same requests. Kinds that
// do not speak HTTP are measured against their stand-in in this process, which takes part of the time.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findChannelKind } from '../dist/channels/index.js'
import { createOutbound } from '../dist/outbound/client.js'
import { loadVendors } from './load-vendors.mjs'
import { printTable, ratio } from './print.mjs'

const help = `node bench/channels.mjs [options]
  --kind NAME    this kind alone
  --seconds N    how long each is measured, 0.1 to 60 (1)
  --bytes N      length of the message's text, 1 to 1,000,000 (2000)
  --json         one JSON document instead of a table`

const turns = 4

/** @typedef {import('../dist/domain/channel.js').ChannelContext} ChannelContext */
/** @typedef {import('../dist/domain/channel.js').HttpCall} HttpCall */
/** @typedef {{ call: HttpCall, answer: { status: number, headers: Record<string, string>, text: string } }} Exchange */

const options = readOptions()
const { vendors, startVendor, makeContext, makeMessage } = await loadVendors()
const message = makeMessage({ text: 'Only 3 % left on /var. '.repeat(options.bytes).slice(0, options.bytes) })
const policy = { denyPrivate: false, allow: [], deny: [] }
const outbound = createOutbound({ policy, userAgent: 'mailtrigger/bench' })
const sink = fork(fileURLToPath(new URL('./replay-sink.mjs', import.meta.url)))
try {
  const [{ address }] = await once(sink, 'message')
  const origin = `http://127.0.0.1:${address.port}`
  const rows = []
  for (const vendor of vendors) {
    if (options.kind === null || vendor.kind === options.kind) rows.push(await measureVendor(vendor, origin))
  }
  if (options.json) console.log(JSON.stringify({ settings: options, rows }, null, 2))
  else printTable(`Messages a second, each kind alone, ${options.bytes} bytes of text`, rows)
} finally {
  sink.disconnect()
  await outbound.close()
}

function readOptions() {
  const text = { type: /** @type {const} */ ('string') }
  const flag = { type: /** @type {const} */ ('boolean'), default: false }
  const { values } = parseArgs({ options: { kind: text, seconds: text, bytes: text, json: flag, help: flag } })
  if (values.help) {
    console.log(help)
    process.exit(0)
  }
  const seconds = readNumber(values.seconds ?? '1', 0.1, 60)
  const bytes = Math.round(readNumber(values.bytes ?? '2000', 1, 1_000_000))
  if (values.kind !== undefined && findChannelKind(values.kind) === null) refuse(`there is no kind "${values.kind}"`)
  return { kind: values.kind ?? null, seconds, bytes, json: values.json }
}

function readNumber(/** @type {string} */ text, /** @type {number} */ min, /** @type {number} */ max) {
  const number = Number(text)
  return number >= min && number <= max ? number : refuse(`"${text}" is not a number from ${min} to ${max}`)
}

/** @param {string} reason @returns {never} */
function refuse(reason) {
  console.error(`${reason}\n${help}`)
  process.exit(2)
}

/** @param {(typeof vendors)[number]} vendor @param {string} origin of the sink */
async function measureVendor(vendor, origin) {
  const running = await startVendor(vendor)
  try {
    const exchanges = /** @type {Exchange[]} */ ([])
    const send = sender(vendor, running.settings, { ...running.changes, ...recordInto(exchanges) })
    await send()
    const { kind, concurrency } = kindOf(vendor)
    const name = { ' ': vendor.variant === undefined ? kind : `${kind} ${vendor.variant}`, 'at a time': concurrency }
    if (exchanges.length === 0) {
      const [perSecond] = await measure(concurrency, [sender(vendor, running.settings, running.changes)])
      return { ...name, requests: '-', 'messages/s': perSecond, 'bare fetch/s': '-', ratio: '-' }
    }
    const replayed = await replayFrom(origin, exchanges)
    const settings = moveTo(origin, running.settings, exchanges)
    const works = [sender(vendor, settings, running.changes), () => fetchAll(replayed)]
    const [perSecond, bare] = await measure(concurrency, works)
    return {
      ...name,
      requests: exchanges.length,
      'messages/s': perSecond,
      'bare fetch/s': bare,
      ratio: ratio(perSecond, bare),
    }
  } finally {
    await running.stop()
  }
}

/** @param {(typeof vendors)[number]} vendor */
function kindOf(vendor) {
  const kind = findChannelKind(vendor.kind)
  if (kind === null) throw new Error(`there is no kind "${vendor.kind}"`)
  return kind
}

/**
 * Sends the message once; what is not taken is no measurement.
 * @param {(typeof vendors)[number]} vendor @param {Record<string, unknown>} given @param {Partial<ChannelContext>} changes
 */
function sender(vendor, given, changes) {
  const kind = kindOf(vendor)
  const settings = kind.settings.parse(given)
  // Always the same delivery, because its id is in the path of some requests.
  const context = makeContext(outbound, changes)
  return async () => {
    const outcome = await kind.send(message, vendor.address, settings, context)
    if (outcome.kind !== 'delivered' && outcome.kind !== 'accepted') {
      throw new Error(`${vendor.kind} is ${JSON.stringify(outcome)}`)
    }
  }
}

/** @param {Exchange[]} exchanges @returns {Pick<ChannelContext, 'request' | 'fetch'>} */
function recordInto(exchanges) {
  return {
    async request(call) {
      const answer = await outbound.request(call)
      exchanges.push({ call, answer })
      return answer
    },
    async fetch(input, init) {
      const response = await outbound.fetch(input, init)
      const { url, method, headers, body } = { ...init, url: String(input) }
      const call = { url, method, headers: Object.fromEntries(new Headers(headers)), body }
      const { status } = response
      exchanges.push({
        call: /** @type {HttpCall} */ (call),
        answer: { status, headers: {}, text: await response.clone().text() },
      })
      return response
    },
  }
}

/** Teaches the sink the answers, and gives the requests that lead to them there. @param {string} origin @param {Exchange[]} exchanges */
async function replayFrom(origin, exchanges) {
  const answers = exchanges.map(({ call: { method = 'GET', url }, answer: { status, headers, text } }) => {
    const { pathname, search } = new URL(url)
    const { location, 'content-type': type = 'text/plain' } = headers
    const kept = { 'content-type': type, ...(location === undefined ? {} : { location }) }
    return [`${method} ${pathname}${search}`, { status, headers: kept, text }]
  })
  sink.send(Object.fromEntries(answers))
  await once(sink, 'message')
  return exchanges.map(({ call }) => {
    const { pathname, search } = new URL(call.url)
    return { ...call, url: `${origin}${pathname}${search}` }
  })
}

/** @param {string} origin @param {Record<string, unknown>} settings @param {Exchange[]} exchanges */
function moveTo(origin, settings, exchanges) {
  const standIn = new URL(exchanges[0].call.url).origin
  return JSON.parse(JSON.stringify(settings).replaceAll(standIn, origin))
}

/** @param {HttpCall[]} calls */
async function fetchAll(calls) {
  for (const { url, method = 'GET', headers, body } of calls) {
    const response = await fetch(url, { method, headers, body: /** @type {BodyInit | undefined} */ (body) })
    await response.text()
  }
}

/**
 * How often a second each work is done, by so many at a time. They take turns, so that whatever else the machine does
 * slows down all of them; the first turn of each warms up and is not counted.
 * @param {number} concurrency @param {(() => Promise<void>)[]} works
 */
async function measure(concurrency, works) {
  const totals = works.map(() => ({ count: 0, ms: 0 }))
  for (let turn = 0; turn <= turns; turn++) {
    for (const [index, work] of works.entries()) {
      const startedAt = performance.now()
      const count = await repeat(concurrency, work, (options.seconds * 1_000) / turns)
      if (turn === 0) continue
      totals[index].count += count
      totals[index].ms += performance.now() - startedAt
    }
  }
  return totals.map(({ count, ms }) => (count * 1_000) / ms)
}

async function repeat(
  /** @type {number} */ concurrency,
  /** @type {() => Promise<void>} */ work,
  /** @type {number} */ forMs,
) {
  const until = performance.now() + forMs
  let count = 0
  const worker = async () => {
    do {
      await work()
      count++
    } while (performance.now() < until)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return count
}
