import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { simpleParser } from 'mailparser'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { channelKinds, findChannelKind } from '#src/channels/index.js'
import type { MailDetail } from '#src/store/store.js'
import { secretsOf } from '../channels/vendor-case.js'
import { alertTitle, composeAlert } from './alert-mail.js'
import { kindsWithoutVendor, startWays, type Way } from './every-way.js'
import { makeConstant } from './sample-text.js'
import { type Program, startProgram } from './start-program.js'

/** What some of them get, for readers of the docs: `UPDATE_GOLDEN=1` writes it. */
const samples = [
  ['telegram', 'telegram.http'],
  ['slack_webhook', 'slack.http'],
  ['teams', 'teams.http'],
  ['pagerduty', 'pagerduty.http'],
  ['email', 'email.eml'],
] as const

let ways: Way[]
let program: Program

beforeAll(async () => {
  ways = await startWays()
  program = await startProgram(writeRoutes(ways))
})
afterAll(async () => {
  await program.stop()
  await Promise.all(ways.map(({ stop }) => stop()))
})

for (const kind of kindsWithoutVendor) test.skip(`${kind} has no vendor to be sent to`, () => {})

describe('a mail of 200 KB with two files, to a channel of every kind at once', () => {
  let mail: MailDetail
  let attempts: Map<string, string[]>

  beforeAll(async () => {
    const raw = await composeAlert({ htmlBytes: 200_000, fileBytes: 5_000 })
    const settled = await program.settled(await program.send({ to: ['tim@mailtrigger.app'], raw }))
    mail = settled.mail
    attempts = new Map(
      settled.deliveries.map(({ channel, attempt_list }) => [
        channel,
        attempt_list.map(({ outcome, excerpt }) => `${outcome}: ${excerpt}`),
      ]),
    )
  })

  test('every kind has a channel', () => {
    const kinds = new Set(ways.map(({ kind }) => kind))
    expect(channelKinds.map(({ kind }) => kind).filter((kind) => !kinds.has(kind))).toEqual(kindsWithoutVendor)
  })

  test('every delivery is sent, at the first attempt', () => {
    const unsent = mail.delivery_list
      .filter(({ status, attempts: count }) => status !== 'sent' || count !== 1)
      .map(({ channel, status }) => [channel, status, ...(attempts.get(channel) ?? [])])
    expect(unsent).toEqual([])
    expect(mail.delivery_list.map(({ channel }) => channel).sort()).toEqual(ways.map(({ name }) => name).sort())
  })

  test('every vendor takes it, and its readers get it', async () => {
    for (const { name, kind, shown, refused } of ways) {
      expect(refused(), name).toEqual([])
      if (shown === null) continue
      const [first = ''] = await shown()
      const text = kind === 'email' ? await readMail(first) : first
      expect(text, name).toContain('磁盘已满')
      expect(text, name).not.toMatch(/<td>|&nbsp;/)
    }
  })

  test('the inbox keeps it', async () => {
    const { items } = await program.app.calls.listInbox({ limit: 10 })
    expect(items).toMatchObject([{ recipient: 'tim@mailtrigger.app', title: expect.stringContaining(alertTitle) }])
  })

  test('the trace lists all of them', () => {
    const routes = mail.traces.at(-1)?.routes ?? []
    const planned = routes.flatMap(({ deliveries }) => deliveries.filter(({ verdict }) => verdict === 'planned'))
    expect(planned.map(({ channel }) => channel).sort()).toEqual(ways.map(({ name }) => name).sort())
    expect(mail.traces.at(-1)?.outcome).toBe('routed')
    // An address is shown as people gave it, whatever is in it.
    const told = JSON.stringify(mail.traces, (key, value) => (key === 'address' ? null : value))
    for (const secret of ways.flatMap(listSecrets)) expect(told).not.toContain(secret)
  })
})

test('docs/samples is what vendors get of a small one', async () => {
  const raw = await composeAlert({ htmlBytes: 0, fileBytes: 90 })
  await program.settled(await program.send({ to: ['jolin@mailtrigger.app'], raw }))
  const isUpdate = process.env.UPDATE_GOLDEN === '1'
  if (isUpdate) mkdirSync('docs/samples', { recursive: true })
  for (const [name, file] of samples) {
    const last =
      ways
        .find((way) => way.name === name)
        ?.wire()
        .at(-1) ?? ''
    const text = makeConstant(last)
    if (isUpdate) writeFileSync(`docs/samples/${file}`, text)
    expect(text, name).toBe(readFileSync(`docs/samples/${file}`, 'utf8'))
  }
})

function listSecrets({ kind, settings }: Way): string[] {
  const known = findChannelKind(kind)
  return known === null ? [] : secretsOf(known, settings)
}

/** JSON is YAML, too. */
function writeRoutes(all: Way[]): string {
  const addresses = Object.fromEntries(all.flatMap(({ name, address }) => (address === null ? [] : [[name, address]])))
  return JSON.stringify({
    version: 1,
    server: { hostname: 'gateway.mailtrigger.app', http: { public_url: 'https://gateway.mailtrigger.app' } },
    channels: Object.fromEntries(all.map(({ name, kind, settings }) => [name, { kind, ...settings }])),
    people: { 'tim@mailtrigger.app': addresses, 'jolin@mailtrigger.app': addresses },
    routes: [
      ...all.map(({ name }) => routeTo(name, 'tim@*', name)),
      ...samples.map(([name]) => routeTo(`sample of ${name}`, 'jolin@*', { channel: name, ack: true })),
    ],
  })
}

function routeTo(name: string, rcpt: string, send: unknown) {
  return { name, when: { rcpt }, severity: 'critical', steps: [{ send }] }
}

async function readMail(raw: string): Promise<string> {
  const { subject, text, attachments } = await simpleParser(Buffer.from(raw, 'latin1'))
  expect(attachments).toMatchObject([{ size: 5_000 }, { size: 5_000 }])
  return `${subject}\n${text}`
}
