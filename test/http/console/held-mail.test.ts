import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeMail } from '../../authenticate/signed-mail.js'
import { type Program, startProgram } from '../../program/start-program.js'
import { type DnsServer, startDnsServer } from '../../stand-ins/dns-server.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

let dns: DnsServer
let program: Program
let pages: ConsoleReader
let id: string

beforeAll(async () => {
  dns = await startDnsServer({ '_dmarc.example.com': { TXT: ['v=DMARC1; p=reject'] } })
  program = await startProgram(`version: 1
server:
  smtp:
    allow: ["0.0.0.0/0"]
    recipients: ["*@gw.test"]
    sender_auth: { policy: quarantine, resolvers: ["${dns.address}"] }
channels: { box: { kind: inbox } }
routes: [{ name: disk, when: { subject: disk }, steps: [{ send: box }] }]
`)
  pages = readConsole(program)
  const raw = writeMail('"<b>Boss</b>" <alert@example.com>')
  id = await program.send({ from: 'x@evil.test', to: ['ops@gw.test'], raw })
  await program.mailWhen(id, ({ status }) => status === 'held')
})
afterAll(async () => {
  await program.stop()
  await dns.stop()
})

it('is on the overview, with the way to it', async () => {
  const { text, html } = await pages.show('/')
  expect(text).toContain('1 mail held: to be tried again, or for a person to let in')
  expect(html).toContain('state%3Aheld')
})

it('says why it is held, and what was found of its sender', async () => {
  const { text } = await pages.show(`/mails/${id}`)
  expect(text).toContain('held: DMARC fail: neither SPF nor DKIM vouches for example.com (its policy: reject)')
  expect(text).toContain('auth : spf none (evil.test has no SPF record) , dkim none (the mail is not signed)')
  expect(text).toContain('Let it in')
})

it('says in the playground that a draft would refuse it', async () => {
  const { html } = await pages.show('/playground')
  const file = /<textarea[^>]*name="draft"[^>]*>([\s\S]*?)<\/textarea>/.exec(html)?.[1] ?? ''
  const draft = file.replaceAll('&quot;', '"').replace('policy: quarantine', 'policy: reject')
  const form = { file: 'routes.yaml', draft, mail: id, newest: '1', do: 'try' }
  const { text } = await pages.send('/playground', form)
  expect(text).toContain('By SMTP it would be refused: 550 5.7.26 DMARC fail')
})

it('is routed once a person lets it in', async () => {
  await pages.send('/mails/replay', { ids: id, do: 'replay' }, `/mails/replay?ids=${id}`)
  const { mail } = await program.settled(id)
  expect(mail).toMatchObject({ status: 'routed', routes: ['disk'] })
  expect((await pages.show(`/mails/${id}`)).text).toContain('Replay')
})
