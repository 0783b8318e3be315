import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../../program/start-program.js'
import { startTelegram, type TelegramStandIn } from '../../stand-ins/telegram.js'
import { until } from '../../stand-ins/until.js'
import { startWebhookSink, type WebhookSink } from '../../stand-ins/webhook-sink.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

const token = '123456:CANARY-of-the-bot'
/** More than a page shows. */
const many = Array.from({ length: 60 }, (_, index) => `z${100 + index}`)
const odd = '電話 1.a-b_c'

let program: Program
let sink: WebhookSink
let telegram: TelegramStandIn
let pages: ConsoleReader
const readers: Record<string, ConsoleReader> = {}

beforeAll(async () => {
  sink = await startWebhookSink()
  telegram = await startTelegram()
  program = await startProgram(
    `version: 1
channels:
  inbox: { kind: inbox }
  ${many.map((name) => `${name}: { kind: log }`).join('\n  ')}
  hook: { kind: webhook, url: "${sink.url}/x", secret: "\${HOOK_SECRET}", rate_limit: 30/1m, daily_cap: 5000 }
people: { tim@mailtrigger.app: { name: Tim } }
routes: [ { name: 'disks "and" more', when: { subject: disk }, steps: [ { send: hook } ] } ]
`,
    { HOOK_SECRET: 'CANARY-of-the-hook' },
  )
  pages = readConsole(program)
  for (const role of ['viewer', 'operator'] as const) {
    const made = await program.app.calls.createToken({ name: role, role, expiresInMs: null }, 'test')
    readers[role] = readConsole(program, made.token)
  }
  const { createChannel } = program.app.calls
  await createChannel('bot', 'telegram', { bot_token: token, base_url: telegram.url }, 'user:anna')
  await createChannel(odd, 'log', {}, 'user:anna')
  await program.app.calls.setPerson('tim@mailtrigger.app', { channels: { bot: '5' } }, 'user:anna')
})
afterAll(async () => {
  await program.stop()
  await sink.stop()
  await telegram.stop()
})

const hrefOf = (name: string) => `/channels/${encodeURIComponent(name)}`

describe('the list of channels', () => {
  it('says of each what it is, where it stands, where it delivers, and its limits', async () => {
    const { text, html } = await pages.show('/channels')
    expect(text).toContain('30/1m, 5,000 a day')
    expect(text).toMatch(/bot Telegram ok people nothing 30\/1s made here/)
    expect(text).toMatch(/inbox Inbox ok each recipient nothing none file/)
    expect(html).not.toContain('CANARY')
  })

  it('says how many attempts of the day were sent', async () => {
    for (const status of [200, 200, 400]) {
      sink.replyWith(() => ({ status, body: 'no thanks' }))
      await program.settled(await program.send({ to: ['tim@mailtrigger.app'], subject: 'disk full' }))
    }
    sink.replyWith(() => ({ status: 200, body: '' }))
    expect((await pages.show('/channels')).text).toMatch(/hook Webhook ok \S+ 2 66\.6 % of attempts/)
  })

  it('has a second page', async () => {
    const first = await pages.show('/channels')
    expect(Buffer.byteLength(first.html)).toBeLessThan(60_000)
    const next = /<a href="([^"]+)" rel="next">/.exec(first.html)?.[1] ?? ''
    const second = await pages.show(next.replaceAll('&amp;', '&'))
    const shown = [...`${first.html}${second.html}`.matchAll(/href="\/channels\/(z\d+)"/g)].map(([, name]) => name)
    expect(shown).toEqual(many)
    expect(second.html).toContain(`href="${hrefOf(odd)}"`)
    expect(second.html).not.toContain('rel="next"')
  })
})

describe('a channel', () => {
  it('shows its settings without secrets, who uses it, and what failed in the vendor’s words', async () => {
    const { text, html } = await pages.show('/channels/hook')
    expect(text).toContain('secret ••• (secret)')
    expect(text).toContain('the route disks "and" more')
    expect(html).toContain('href="/routes/disks%20%22and%22%20more"')
    expect(text).toMatch(/dead letter disk full HTTP 400[^.]*no thanks/)
    expect(html).not.toContain('CANARY')
    expect(html).not.toContain('/channels/hook/change')
  })

  it('is tested, and tells the vendor’s own words and what to do next', async () => {
    expect((await pages.send('/channels/hook/test', { text: '' })).text).toContain('The test was taken: HTTP 200')
    sink.replyWith(() => ({ status: 403, body: 'who are you <b>?' }))
    const refused = await pages.send('/channels/hook/test', { text: 'x' })
    expect(refused.text).toMatch(/refused for good: HTTP 403[^.]*who are you <b>\?.*check the secrets/)
    sink.replyWith(() => ({ status: 503, body: 'busy' }))
    expect((await pages.send('/channels/hook/test', { text: 'x' })).text).toMatch(/did not go: HTTP 503.*try again/)
    sink.replyWith(() => ({ status: 200, body: '' }))
    const nobody = await pages.send('/channels/bot/test', { to: '' })
    expect(nobody.text).toContain('delivers to people: say to whom')
  })

  it('is paused for a reason, and resumed', async () => {
    const paused = await pages.send(`${hrefOf(odd)}/pause`, { reason: 'too "loud" <now>' })
    expect(paused.text).toContain(`${odd} is paused.`)
    expect(paused.text).toContain('too "loud" <now> · until somebody resumes it')
    const resumed = await pages.send(`${hrefOf(odd)}/resume`, {})
    expect(resumed.text).toMatch(/State ok/)
  })

  it('that is used is not deleted, and says by whom; one that is not, is', async () => {
    expect((await pages.send('/channels/bot/delete', {})).text).toContain(
      'the channel bot is used by person tim@mailtrigger.app',
    )
    await program.app.calls.createChannel('gone', 'log', {}, 'test')
    const deleted = await pages.send('/channels/gone/delete', {}, '/channels/gone')
    expect(deleted.text).toContain('The channel gone is deleted.')
    expect((await pages.show('/channels/gone')).status).toBe(404)
    expect((await pages.show('/channels/hook/change')).text).toContain('stands in a file')
  })

  it('finds the chats in which somebody wrote to the bot', async () => {
    const listening = await pages.send('/channels/bot/chats', {})
    expect(listening.text).toContain('It listens, until')
    const group = { chat: { id: -100_777, type: 'supergroup', title: 'Ops <b>&' } }
    telegram.updates.write(token, '/start', { id: 42, first_name: 'Tim' }, group)
    telegram.updates.write(token, 'a secret word', { id: 43, first_name: 'Eve' })
    await until(async () => (await program.app.calls.findChats('bot')).chats.length === 2, 'both chats are found')
    const { text, html } = await pages.show('/channels/bot')
    expect(text).toMatch(/-100777 Ops <b>& several/)
    expect(text).toMatch(/43 Eve one person/)
    expect(html).not.toContain('a secret word')
    expect((await pages.send('/channels/hook/chats', {})).text).toContain('does not hear who writes to it')
  })
})

describe('roles', () => {
  it.each<[string, string, Record<string, string>, string, string[]]>([
    ['/channels/hook/test', 'text', {}, 'The test', ['viewer']],
    ['/channels/hook/pause', 'reason', {}, 'is paused', ['viewer']],
    ['/channels/hook/resume', 'x', {}, 'is tried again', ['viewer']],
    ['/channels/bot/chats', 'x', {}, 'listens', ['viewer']],
    ['/channels/bot/delete', 'x', {}, 'deleted', ['viewer', 'operator']],
    ['/new-channel/log', 'name', { do: 'save' }, 'is made', ['viewer', 'operator']],
    ['/new-channel/log', 'name', { do: 'test' }, 'it was taken', ['viewer']],
    [`${hrefOf(odd)}/change`, 'x', { do: 'save' }, 'is changed', ['viewer', 'operator']],
  ])('%s %s', async (path, field, fields, done, refused) => {
    for (const role of ['viewer', 'operator']) {
      const page = await readers[role]!.send(path, { [field]: 'by role', ...fields })
      if (refused.includes(role)) expect(page.text).toContain(`you are signed in with the role ${role}`)
      else expect(page.text).toContain(done)
      if (refused.includes(role)) expect(page.text).not.toContain(done)
    }
  })

  it('shows who may only look that buttons are not for them', async () => {
    const { html } = await readers.viewer!.show('/channels/hook')
    expect(html).toContain('title="takes the role operator"')
  })
})

describe('kinds of channels', () => {
  it('are all there, and are searched', async () => {
    const all = await pages.show('/new-channel')
    expect(all.html.match(/href="\/new-channel\/\w+"/g)).toHaveLength(32)
    const found = await pages.show('/new-channel?search=TELE')
    expect(found.html.match(/href="\/new-channel\/\w+"/g)).toEqual(['href="/new-channel/telegram"'])
    expect((await pages.show('/new-channel?search=%22%3E%3Cb%3E')).text).toContain('No kind of channel is like that')
    expect((await pages.show('/new-channel/nope')).status).toBe(404)
  })
})
