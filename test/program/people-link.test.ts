import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PersonLine } from '#src/engine/known-people.js'
import type { LinkAnswer } from '#src/engine/people-calls.js'
import { startTelegram, type TelegramStandIn } from '../stand-ins/telegram.js'
import { until } from '../stand-ins/until.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { type Program, startProgram } from './start-program.js'

const bot = '123456:secret-token'
const otherBot = '654321:other-token'
const tim = 'tim@mailtrigger.app'
const jo = 'jo@mailtrigger.app'
const eve = { id: 666, first_name: 'Eve' }

let telegram: TelegramStandIn
let front: WebhookSink
let program: Program

function routes({ updates = 'polling', people = '{}' }: { updates?: string; people?: string } = {}): string {
  return `
version: 1
server: { http: { public_url: "${front.url}" } }
channels:
  telegram: { kind: telegram, bot_token: "${bot}", base_url: "${telegram.url}", updates: ${updates} }
  other: { kind: telegram, bot_token: "${otherBot}", base_url: "${telegram.url}" }
  inbox: { kind: inbox }
people: ${people}
groups: { devs: [${tim}, ${jo}] }
otherwise: { send: inbox }
routes:
  - name: disks
    when: { subject: { contains: disk } }
    steps: [ { send: telegram } ]
`
}

beforeEach(async () => {
  telegram = await startTelegram()
  // Where the program is for the rest of the world: its own port is only known once it runs.
  front = await startWebhookSink()
  front.replyWith(async ({ path, headers, body }) => {
    const answer = await fetch(`${program.app.http.url}${path}`, {
      method: 'POST',
      headers: pickHeaders(headers),
      body,
    })
    return { status: answer.status, body: await answer.text() }
  })
})
afterEach(async () => {
  await program.stop()
  await front.stop()
  await telegram.stop()
})

function pickHeaders(headers: Record<string, string>): Record<string, string> {
  const name = 'x-telegram-bot-api-secret-token'
  return { 'content-type': 'application/json', [name]: headers[name] ?? '' }
}

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }> {
  const { url } = program.app.http
  const headers = { authorization: `Bearer ${program.app.token}`, 'content-type': 'application/json' }
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers,
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  return { status: answer.status, json: await answer.json() }
}

async function link(person: string, changes: Record<string, unknown> = {}): Promise<LinkAnswer> {
  const { status, json } = await call('POST', `/people/${person}/link`, { channel: 'telegram', ...changes })
  expect(status, JSON.stringify(json)).toBe(201)
  return json as LinkAnswer
}

async function channelsOf(person: string): Promise<string[]> {
  const { channels } = (await call('GET', `/people/${person}`)).json as PersonLine
  return channels.map(({ channel, address, origin }) => `${channel} ${address} ${origin}`)
}

/** Opens a link as its reader does, and resolves with what the bot says to them. */
async function open(code: string, from = { id: 42, first_name: 'Tim' }, token = bot): Promise<string> {
  const answers = () => telegram.shown().filter((message) => message.chat === String(from.id))
  const before = answers().length
  telegram.updates.write(token, `/start ${code}`, from)
  await until(() => answers().length > before, 'the bot answers')
  return answers().at(-1)?.text ?? ''
}

/** To whom an alert for the person goes. */
async function alert(person: string): Promise<(string | null)[]> {
  const id = await program.send({ to: [person], subject: 'disk full' })
  const { deliveries } = await program.settled(id)
  return deliveries.map(({ channel, address, status }) => `${channel} ${address} ${status}`)
}

describe.each(['polling', 'webhook'])('a person who opens a link, heard by %s,', (updates) => {
  it('gets the next alert there, and nobody else can use it', async () => {
    program = await startProgram(routes({ updates }))
    expect(await alert(tim)).toEqual([`inbox ${tim} sent`])
    expect(telegram.updates.polls).toBe(0)
    const { code, url, problem } = await link(tim)
    expect([url, problem]).toEqual([`https://t.me/stand_in_bot?start=${code}`, null])
    expect(await open(`${code.slice(1)}x`, eve)).toMatch(/was used, or is over/)
    expect(await open(code)).toBe(`This chat now gets the alerts of ${tim}.`)
    expect(await channelsOf(tim)).toEqual(['telegram 42 link'])
    expect(await alert(tim)).toEqual(['telegram 42 sent'])
    expect(await open(code, { id: 777, first_name: 'Mallory' })).toMatch(/was used, or is over/)
    expect(await channelsOf(tim)).toEqual(['telegram 42 link'])
  })
})

it('links of two people are their own, each with the bot it was made for', async () => {
  program = await startProgram(routes())
  const his = await link(tim)
  const hers = await link(jo, { channel: 'other' })
  expect(await open(hers.code, eve)).toMatch(/was used, or is over/)
  expect(await open(his.code)).toContain(tim)
  expect(await open(hers.code, { id: 43, first_name: 'Jo' }, otherBot)).toContain(jo)
  expect(await channelsOf(jo)).toEqual(['other 43 link'])
  expect(await channelsOf(tim)).toEqual(['telegram 42 link'])
})

it('a link that is over links nobody', async () => {
  program = await startProgram(routes())
  const { code, expires_at } = await link(tim, { valid_for: '1s' })
  await link(jo)
  await until(() => Date.now() > Date.parse(expires_at), 'the link is over')
  expect(await open(code)).toMatch(/was used, or is over/)
  expect(await channelsOf(tim)).toEqual([])
})

it('a link that is opened while the program is down is heard when it is up, and holds after another restart', async () => {
  program = await startProgram(routes())
  const { code } = await link(tim)
  await program.app.stop()
  telegram.updates.write(bot, `/start ${code}`, { id: 42, first_name: 'Tim' })
  await program.restart()
  await until(async () => (await channelsOf(tim)).length === 1, 'the link is heard')
  await program.restart()
  expect(await alert(tim)).toEqual(['telegram 42 sent'])
})

it('what a file says goes before a link: none is made, and an open one is refused', async () => {
  program = await startProgram(routes())
  const { code } = await link(tim)
  program.writeRoutes(routes({ people: `{ ${tim}: { telegram: "111" } }` }))
  await program.app.reload()
  expect(await open(code)).toMatch(/stands in a file/)
  expect(await call('POST', `/people/${tim}/link`, { channel: 'telegram' })).toMatchObject({
    status: 409,
    json: { error: { code: 'in_file', hint: expect.stringContaining('routes.yaml') } },
  })
  expect(await alert(tim)).toEqual(['telegram 111 sent'])
})

it('a reload at the moment somebody opens their link loses neither', async () => {
  program = await startProgram(routes())
  const { code } = await link(tim)
  telegram.updates.write(bot, `/start ${code}`, { id: 42, first_name: 'Tim' })
  // With another public URL every listener begins anew, this one included.
  program.writeRoutes(routes().replace(front.url, 'https://alerts.example'))
  await program.app.reload()
  await until(async () => (await channelsOf(tim)).length === 1, 'the link is heard')
  expect(await alert(tim)).toEqual(['telegram 42 sent'])
})

it('a bot that hears nobody has no links; one that another program uses says so with the link', async () => {
  program = await startProgram(routes({ updates: 'off' }))
  expect(await call('POST', `/people/${tim}/link`, { channel: 'telegram' })).toMatchObject({
    status: 409,
    json: { error: { code: 'cannot_link', message: expect.stringContaining('set `updates: polling`') } },
  })
  telegram.scriptPolls({
    error_code: 409,
    description: "Conflict: can't use getUpdates method while webhook is active",
  })
  expect((await link(tim, { channel: 'other' })).problem).toMatch(/a webhook is set for this bot/)
})
