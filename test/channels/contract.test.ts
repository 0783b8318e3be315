import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { channelKinds, findChannelKind } from '#src/channels/index.js'
import type { ChannelContext, ChannelKind } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
import { severities } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import { vendors } from '../stand-ins/vendors/index.js'
import { type OwnVendor, startVendor, type Vendor, type VendorError } from '../stand-ins/vendors/vendor.js'
import { makeMail, makeMessage, openOutbound } from './context.js'
import { ack, deliver, lastShown, perform, secretsOf, sendAlert, type VendorCase, verbsOf } from './vendor-case.js'

test('THE list has every kind once, and finds them by name', () => {
  const names = channelKinds.map(({ kind }) => kind)
  expect(new Set(names).size).toBe(names.length)
  for (const kind of channelKinds) expect(findChannelKind(kind.kind)).toBe(kind)
  expect(findChannelKind('constructor')).toBeNull()
})

test('every vendor is the far end of a kind', () => {
  for (const { kind } of vendors) expect(findChannelKind(kind)).not.toBeNull()
})

describe.each(channelKinds.map((kind) => [kind.kind, kind] as const))('%s', (name, kind) => {
  const ways = vendors.filter((vendor) => vendor.kind === name)
  describesItself(kind)
  if (ways.length === 0) test.skip(`${name} has no vendor to be proven against`, () => {})
  for (const vendor of ways) {
    if (vendor.variant === undefined) keepsTheContract(kind, vendor)
    else describe(vendor.variant, () => keepsTheContract(kind, vendor))
  }
})

function describesItself(kind: ChannelKind): void {
  test('describes itself', () => {
    expect(kind.kind).toMatch(/^[a-z][a-z0-9_]*$/)
    expect(kind.label).not.toBe('')
    expect(kind.description).toMatch(/\.$/)
    expect(kind.capabilities.textMax).toBeGreaterThan(0)
    expect(kind.concurrency).toBeGreaterThan(0)
    if (kind.address) expect(kind.address.hint).not.toBe('')
    // Frames of config errors mask what stands behind the names of secrets, and steps have keys, too.
    for (const word of ['key', 'name', 'to', 'text', 'title']) expect(kind.secrets).not.toContain(word)
    for (const rate of [kind.rates.channel, kind.rates.address]) {
      if (rate === null) continue
      expect(rate.count).toBeGreaterThan(0)
      expect(rate.perMs).toBeGreaterThanOrEqual(1_000)
    }
  })

  test('has a JSON Schema without room for unknown settings, with all of its secrets', () => {
    const schema = z.toJSONSchema(kind.settings, { io: 'input' })
    for (const shape of schema.anyOf ?? schema.oneOf ?? [schema]) {
      expect((shape as { additionalProperties?: unknown }).additionalProperties).toBe(false)
    }
    for (const secret of kind.secrets) expect(JSON.stringify(schema)).toContain(`"${secret.split('.')[0]}"`)
    if (kind.address) z.toJSONSchema(kind.address.schema, { io: 'input' })
  })
}

function keepsTheContract(kind: ChannelKind, vendor: Vendor | OwnVendor): void {
  let given: VendorCase
  let outbound: Outbound
  beforeAll(() => {
    outbound = openOutbound()
  })
  afterAll(() => outbound.close())
  beforeEach(async () => {
    given = { kind, vendor, running: await startVendor(vendor), outbound }
  })
  afterEach(() => given.running.stop())

  test('takes the settings, and refuses unknown ones', () => {
    const { settings } = given.running
    expect(kind.settings.safeParse(settings).error).toBeUndefined()
    expect(kind.settings.safeParse({ ...settings, no_such_key: 1 }).success).toBe(false)
    if (kind.address !== null && vendor.address !== null) {
      expect(kind.address.schema.safeParse(vendor.address).error).toBeUndefined()
    }
    const destination = kind.destination(kind.settings.parse(settings)) ?? ''
    for (const secret of ['CANARY', ...secretsOf(kind, settings)]) expect(destination).not.toContain(secret)
  })

  describe('for its readers', () => readsWell(kind, vendor, () => given))
  followsUp(kind, () => given)
  failsWell(kind, vendor, () => given)
}

/** What readers get. Nothing in a message makes the vendor refuse it. */
function readsWell(kind: ChannelKind, vendor: Vendor | OwnVendor, given: () => VendorCase): void {
  afterEach(() => expect(given().running.refused()).toEqual([]))

  test('a reader gets the message, in any script and however plain or short', async () => {
    await deliver(given(), makeMessage())
    expect(await lastShown(given())).toContain('Disk full on db1')
    expect(await lastShown(given())).toMatch(/Only 3\s?\S+ left on/)
    for (const form of ['full', 'plain', 'short', 'no_attachment'] as const) {
      await deliver(given(), makeMessage({ title: '磁盘已满 Диск заполнен' }), { form })
      expect(await lastShown(given())).toContain('磁盘已满 Диск заполнен')
    }
  })

  test('a reader gets much of a body that is too long', async () => {
    await deliver(given(), makeMessage({ text: 'lorem '.repeat(200_000) }))
    const shown = await lastShown(given())
    const letters = (shown.match(/lorem/g) ?? []).length * 'lorem '.length
    expect(letters).toBeGreaterThanOrEqual(vendor.textShownMin ?? Math.min(kind.capabilities.textMax / 2, 500_000))
  })

  if (vendor.noAcknowledge === undefined) {
    test('a reader who is asked to acknowledge gets a link or a button', async () => {
      await deliver(given(), makeMessage(), { ack })
      expect(await lastShown(given())).toMatch(/alerts\.example\/ack\/CANARY-link|ack:01JDELIVERY\.CANARY/)
    })
  }

  test.each<[string, Partial<Message>]>([
    ['a megabyte', { title: 'x'.repeat(1_000_000), text: '<&>"\'😀 '.repeat(125_000), notes: fill('n'.repeat(9_999)) }],
    ['a megabyte of what markup is made of', { title: '*'.repeat(1_000), text: '*_`[](<@!#|\\~>\n'.repeat(70_000) }],
    ['nothing at all', { title: '', text: '', from: '', labels: {} }],
    ['what nobody sees', { title: '\u200b\u00ad', text: '\ufeff \u3164\n', from: '\u2060' }],
    ['right-to-left text', { title: '\u202eשלום', text: 'مرحبا\u2067 عالم', from: '\ud800' }],
    ['lone surrogates', { title: '\ud800', text: '\udc00\ud83d', receivedAt: Number.NaN }],
    ['joined emoji', { title: '👩‍👩‍👧‍👦'.repeat(100), text: '👩‍👩‍👧‍👦🏳️‍🌈'.repeat(9_000) }],
    [
      'code and tables',
      { text: '```js\nif (a < b && c) {}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n    indented\n1. x' },
    ],
    ['calls for everybody', { title: '@everyone @channel', text: '@here <!channel> <@U1> <users/all> @all @**all**' }],
    [
      'links nobody may follow',
      { links: [link('', 'javascript:alert(1)'), link('\ud800', 'https://x.example/\ud800')] },
    ],
    ['many links', { links: fill(link('label '.repeat(40), `https://x.example/?${'a=b&'.repeat(450)}`)) }],
    ['many attachments', { attachments: fill({ filename: 'f"<\n.txt', contentType: 'a/b', sizeBytes: 1e9 }) }],
  ])('takes %s', async (_, changes) => {
    await deliver(given(), makeMessage(changes))
    await deliver(given(), makeMessage(changes), { ack, form: 'short' })
  })

  test('takes whatever the message, in every form', async () => {
    await fc.assert(
      fc.asyncProperty(anyMessage, anyForm, anyText, async (message, form, filename) => {
        const attachments = [{ filename, contentType: filename, sizeBytes: 1, content: Buffer.from('x') }]
        await deliver(given(), message, { form, loadMail: async () => makeMail({ attachments }) })
      }),
      { numRuns: 25 },
    )
  })
}

function followsUp(kind: ChannelKind, given: () => VendorCase): void {
  test('tells what it sent, and follow-ups find it', async () => {
    const sent = await sendAlert(given())
    for (const verb of verbsOf(kind)) {
      const message = makeMessage({ title: `after: ${verb}`, notes: ['by Tim'], severity: 'resolved' })
      await deliver(given(), message, { sent, deliveryId: `01J${verb}` }, verb)
    }
    expect(given().running.refused()).toEqual([])
  })

  test('a follow-up on nobody knows what is an outcome, too', async () => {
    const strange = [null, {}, { message_id: '', chat_id: 'x', ts: '', channel: 'y', id: '../x' }]
    for (const verb of verbsOf(kind)) {
      for (const sent of strange) await perform(given(), makeMessage(), { sent: sent as Record<string, string> }, verb)
    }
  })
}

function failsWell(kind: ChannelKind, vendor: Vendor | OwnVendor, given: () => VendorCase): void {
  if ('errors' in vendor) {
    test.each<VendorError>(vendor.errors)('the vendor says: %s', async (_, reply, expected) => {
      given().running.script?.(reply)
      expect(await perform(given(), makeMessage())).toMatchObject(expected)
    })

    test('its table says what to do about a rate', () => {
      expect(vendor.errors.some(([, , { kind: outcome }]) => outcome === 'transient')).toBe(true)
    })

    test.each(['close', 'close_mid_answer'] as const)('a lost answer (%s) is known to be lost', async (fault) => {
      given().running.script?.({ fault })
      // A vendor that knows the key of a repeat may simply be asked again.
      const expected = vendor.keyOf === undefined ? 'unknown' : 'transient'
      expect((await perform(given(), makeMessage())).kind).toBe(expected)
    })

    test('a repeat carries the key of the first time, where the vendor drops repeats by one', async () => {
      const { keyOf } = vendor
      if (kind.capabilities.idempotent) expect(keyOf).toBeDefined()
      if (keyOf === undefined) return
      const minute = { now: () => Date.UTC(2026, 7, 1, 12, 1, 30) }
      await deliver(given(), makeMessage(), { attempt: 1 })
      await deliver(given(), makeMessage(), { attempt: 2, ...(vendor.kind === 'webpush' ? {} : minute) })
      const keys = given()
        .running.requests.map(keyOf)
        .filter((key) => key !== undefined)
      expect(keys).toHaveLength(2)
      expect(new Set(keys).size).toBe(1)
    })

    test('an answer that does not come ends with the attempt', async () => {
      given().running.script?.({ fault: 'hang' })
      const outcome = await perform(given(), makeMessage(), { signal: AbortSignal.timeout(100) })
      expect(['transient', 'unknown']).toContain(outcome.kind)
    })
  }

  test('every answer of the far end is an outcome without secrets', async () => {
    const sent = await sendAlert(given())
    const text = `refused ${JSON.stringify(given().running.settings)}`
    for (const verb of verbsOf(kind)) {
      for (const status of [200, 302, 400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 503]) {
        const telegram = JSON.stringify({ ok: false, error_code: status, description: text })
        const far: Partial<ChannelContext> = {
          request: async () => ({ status, headers: {}, text, truncated: false }),
          fetch: async () => new Response(telegram, { status }),
        }
        await perform(given(), makeMessage(), { ack, sent, ...far }, verb)
      }
    }
  })

  test('an attempt that is ended, before or while it calls, is an outcome', async () => {
    const sent = await sendAlert(given())
    for (const verb of verbsOf(kind)) {
      const reason = new DOMException('too late', 'TimeoutError')
      await perform(given(), makeMessage(), { sent, signal: AbortSignal.abort(reason) }, verb)
      const aborter = new AbortController()
      const endSoon = () => void setImmediate(() => aborter.abort(reason))
      const { request, fetch } = given().outbound
      const ending: Partial<ChannelContext> = {
        request: (call) => {
          endSoon()
          return request(call)
        },
        fetch: (input, init) => {
          endSoon()
          return fetch(input, init)
        },
      }
      await perform(given(), makeMessage(), { sent, signal: aborter.signal, ...ending }, verb)
    }
  })
}

test('the inbox keeps the message for its recipient; the log gets one line', async () => {
  const saved: unknown[] = []
  const lines: [string, Record<string, unknown>][] = []
  const outbound = openOutbound()
  const running = { settings: {}, shown: () => [], refused: () => [], requests: [], script: null, stop: async () => {} }
  const changes: Partial<ChannelContext> = {
    saveToInbox: async (entry) => `inbox-${saved.push(entry)}`,
    log: (line, facts) => lines.push([line, facts]),
  }
  const send = async (name: string, message: Message) => {
    const [kind, vendor] = [findChannelKind(name), vendors.find((known) => known.kind === name)]
    if (!kind || !vendor) throw new Error(`${name} is in THE list, and has a vendor`)
    return deliver({ kind, vendor, running: { ...running, changes }, outbound }, message)
  }
  const message = makeMessage({ title: 'a\nb', text: 'x '.repeat(1_000) })
  expect(await send('inbox', message)).toEqual({ inbox_id: 'inbox-1' })
  expect(saved).toEqual([{ recipient: 'tim@mailtrigger.app', message }])
  expect(findChannelKind('inbox')?.address).toBeNull()
  expect(findChannelKind('inbox')?.destination({})).toBeNull()
  await send('log', message)
  expect(lines).toHaveLength(1)
  expect(lines[0]?.[0]).toBe('a b')
  expect(String(lines[0]?.[1].text).length).toBeLessThanOrEqual(300)
  await outbound.close()
})

function fill<Value>(value: Value): Value[] {
  return Array<Value>(50).fill(value)
}

function link(label: string, url: string): { label: string; url: string } {
  return { label, url }
}

const anyForm = fc.constantFrom('full' as const, 'plain' as const, 'short' as const, 'no_attachment' as const)

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('<', '&', '"', '\r\n', '\0', '\ud800', '%', '*', '_', '[', '`', '\\', '@', 'a') }),
)

const anyMessage: fc.Arbitrary<Message> = fc.record({
  title: anyText,
  text: anyText,
  severity: fc.constantFrom(...severities),
  from: anyText,
  labels: fc.dictionary(anyText, anyText, { maxKeys: 3 }),
  links: fc.array(fc.record({ label: anyText, url: fc.oneof(anyText, fc.webUrl()) }), { maxLength: 3 }),
  attachments: fc.array(fc.record({ filename: anyText, contentType: anyText, sizeBytes: fc.nat() }), { maxLength: 3 }),
  notes: fc.array(anyText, { maxLength: 3 }),
  mailId: anyText,
  receivedAt: fc.oneof(fc.integer(), fc.constant(Number.MAX_SAFE_INTEGER)),
})
