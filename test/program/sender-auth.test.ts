import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { makeKey, signMail, writeMail } from '../authenticate/signed-mail.js'
import { type DnsServer, startDnsServer, type Zone } from '../stand-ins/dns-server.js'
import { until } from '../stand-ins/until.js'
import { type Program, sendTo, startProgram } from './start-program.js'

const key = makeKey()
let dns: DnsServer
let program: Program | null = null

const strict: Zone = {
  'example.com': { TXT: ['v=spf1 ip4:192.0.2.1 -all'] },
  '_dmarc.example.com': { TXT: ['v=DMARC1; p=reject'] },
  's1._domainkey.example.com': { TXT: [key.record] },
  '_dmarc.watching.test': { TXT: ['v=DMARC1; p=none'] },
  'spf-only.test': { TXT: ['v=spf1 -all'] },
  'evil.test': { TXT: ['v=spf1 ip4:127.0.0.1 -all'] },
}

beforeAll(async () => {
  dns = await startDnsServer(strict)
})
afterEach(async () => {
  await program?.stop()
  program = null
  dns.zone = strict
  dns.asked.length = 0
})
afterAll(() => dns.stop())

/** Everybody may send, so this machine is a stranger, unless it is named. */
function config(policy: string, { allow = '["0.0.0.0/0"]', timeout = '5s', more = '' } = {}): string {
  return `
version: 1
server:
  smtp:
    allow: ${allow}
    recipients: ["*@gw.test"]
    sender_auth: { policy: ${policy}, resolvers: ["${dns.address}"], timeout: ${timeout} }
channels: { box: { kind: inbox } }
${more}
routes:
  - { name: vouched, when: { auth: { dmarc: pass } }, steps: [{ set: { text: "{{ mail.auth.dkim }}/{{ mail.auth.dmarc }}" } }, { send: box }] }
  - { name: any disk, when: { subject: disk }, steps: [{ send: box }] }
`
}

const forged = { from: 'x@evil.test', to: ['ops@gw.test'], raw: writeMail('alert@example.com') }

async function start(yaml: string): Promise<Program> {
  program = await startProgram(yaml)
  return program
}

async function listReasons({ app }: Program): Promise<string[]> {
  const { items } = await app.calls.listRejections({ limit: 10 })
  return items.map(({ reason, code, message }) => `${reason} ${code} ${message}`)
}

describe('policy none', () => {
  it('routes every mail, and conditions, templates and the trace have the verdicts', async () => {
    const started = await start(config('none'))
    const raw = await signMail(writeMail('alert@example.com'), key, { domain: 'example.com' })
    const good = await started.settled(await started.send({ ...forged, raw }))
    expect(good.mail.status).toBe('routed')
    expect(good.mail.routes).toEqual(['vouched', 'any disk'])
    expect(good.deliveries[0]?.message.text).toBe('pass/pass')
    expect(good.mail.traces[0]?.auth).toEqual({
      spf: 'pass',
      dkim: 'pass',
      dmarc: 'pass',
      policy: 'reject',
      reasons: {
        spf: 'evil.test permits 127.0.0.1',
        dkim: 'example.com (s1) signed it',
        dmarc: 'example.com is what DKIM vouches for',
      },
    })
    const bad = await started.settled(await started.send(forged))
    expect(bad.mail.routes).toEqual(['any disk'])
    const [route] = bad.mail.traces[0]?.routes ?? []
    expect(route?.condition).toMatchObject({ field: 'auth dmarc', expected: 'pass', seen: 'fail', verdict: 'false' })
    expect(route?.condition?.reason).toContain('neither SPF nor DKIM vouches for example.com')
  })

  it('asks once: a replay and an explanation see what was found first', async () => {
    const started = await start(config('none'))
    const id = await started.send(forged)
    await started.settled(id)
    const asked = dns.asked.length
    dns.zone = {}
    await started.restart()
    const explained = await started.app.calls.explainMail(id)
    expect(explained.trace.auth).toMatchObject({ dmarc: 'fail', spf: 'pass' })
    await started.app.calls.replayMails([id], 'test')
    const { traces } = await started.mailWhen(id, (mail) => mail.status === 'routed' && mail.generation === 1)
    expect(traces.at(-1)?.auth).toMatchObject({ dmarc: 'fail', spf: 'pass' })
    expect(dns.asked).toHaveLength(asked)
  })
})

describe('policy quarantine', () => {
  it('holds what fails, out of reach of every route, until a person replays it', async () => {
    const started = await start(config('quarantine', { more: 'otherwise: { send: box }' }))
    const id = await started.send(forged)
    const held = await started.mailWhen(id, (mail) => mail.status === 'held')
    expect(held.reason).toBe('held: DMARC fail: neither SPF nor DKIM vouches for example.com (its policy: reject)')
    expect(held).toMatchObject({ due_at: null, routes: [], delivery_list: [], subject: 'disk' })
    const explained = await started.app.calls.explainMail(id)
    expect(explained.admission).toEqual({ verdict: 'held', reason: expect.stringContaining('DMARC fail') })

    await started.restart()
    expect((await started.app.calls.readMail(id))?.status).toBe('held')
    await started.app.calls.replayMails([id], 'test')
    const let_go = await started.mailWhen(id, (mail) => mail.status === 'routed')
    expect(let_go.routes).toEqual(['any disk'])
  })

  it.each([
    ['a domain that only watches', { ...forged, raw: writeMail('a@watching.test') }],
    ['a domain without DMARC and a sender that passes', { ...forged, raw: writeMail('a@plain.test') }],
  ])('lets %s in', async (_, mail) => {
    const started = await start(config('quarantine'))
    expect((await started.settled(await started.send(mail))).mail.status).toBe('routed')
  })

  it('holds a hard fail of SPF where the domain has no DMARC', async () => {
    const started = await start(config('quarantine'))
    const id = await started.send({ from: 'a@spf-only.test', to: ['ops@gw.test'], raw: writeMail('a@spf-only.test') })
    const held = await started.mailWhen(id, (mail) => mail.status === 'held')
    expect(held.reason).toBe('held: SPF fail: spf-only.test does not permit 127.0.0.1')
  })

  it('is not for clients that are allowed, of whom DNS is asked only where a route wants to know', async () => {
    const started = await start(config('quarantine', { allow: '["127.0.0.1"]' }))
    const { mail } = await started.settled(await started.send(forged))
    expect(mail.status).toBe('routed')
    expect(mail.traces[0]?.auth?.dmarc).toBe('fail')
    const asked = dns.asked.length
    const yaml = config('quarantine', { allow: '["127.0.0.1"]' }).replace(/ {2}- \{ name: vouched.*\n/, '')
    started.writeRoutes(yaml)
    await started.app.reload('test')
    const next = await started.settled(await started.send(forged))
    expect(next.mail.traces[0]?.auth).toBeNull()
    expect(dns.asked).toHaveLength(asked)
  })
})

describe('policy reject', () => {
  it('refuses at the end of DATA, and stores nothing', async () => {
    const started = await start(config('reject'))
    await expect(sendTo(started.app, forged)).rejects.toThrow(/550.*5\.7\.26 DMARC fail/)
    const spfOnly = { from: 'a@spf-only.test', to: ['ops@gw.test'], raw: writeMail('a@spf-only.test') }
    await expect(sendTo(started.app, spfOnly)).rejects.toThrow(/550.*5\.7\.23 SPF fail/)
    await until(async () => (await listReasons(started)).length > 0, 'the refusal is in the log')
    expect((await listReasons(started))[0]).toMatch(/^sender_auth 550 5\.7\.2/)
    expect((await started.app.calls.listMails({ limit: 10 })).items).toEqual([])
  })

  it('takes in what passes, with its verdict, and asks nobody again', async () => {
    const started = await start(config('reject'))
    const raw = await signMail(writeMail('alert@example.com'), key, { domain: 'example.com' })
    const { mail } = await started.settled(await started.send({ ...forged, raw }))
    expect(mail.traces[0]?.auth?.dmarc).toBe('pass')
    expect(new Set(dns.asked).size).toBe(dns.asked.length)
  })

  it.each([
    ['fails', 'SERVFAIL'],
    ['refuses', 'REFUSED'],
    ['hangs', 'silence'],
  ] as const)('takes in what nobody can know: DNS %s', async (_, trouble) => {
    dns.zone = { 'example.com': { trouble }, '_dmarc.example.com': { trouble }, 'evil.test': { trouble } }
    const started = await start(config('reject', { timeout: '300ms' }))
    const { mail } = await started.settled(await started.send(forged))
    expect(mail.status).toBe('routed')
    expect(mail.traces[0]?.auth).toMatchObject({ spf: 'temperror', dmarc: 'temperror' })
  })

  it('holds what the domain wants in quarantine', async () => {
    dns.zone = { ...strict, '_dmarc.example.com': { TXT: ['v=DMARC1; p=quarantine'] } }
    const started = await start(config('reject'))
    const held = await started.mailWhen(await started.send(forged), (mail) => mail.status === 'held')
    expect(held.reason).toContain('its policy: quarantine')
  })
})

describe('otherwise.reject', () => {
  const yaml = (routes: string, more = ''): string => `
version: 1
server: { smtp: { recipients: ["*@gw.test"] } }
otherwise: { reject: "550 5.7.1 no route for this" }
channels: { box: { kind: inbox } }
${more}
routes:
${routes}
`
  const mail = { from: 'a@a.test', to: ['ops@gw.test'], subject: 'lunch', text: 'at noon' }
  const disk = '  - { name: disk, when: { subject: disk }, steps: [{ send: box }] }'

  it('refuses what no route takes, and takes what one does', async () => {
    const started = await start(yaml(disk))
    await expect(sendTo(started.app, mail)).rejects.toThrow(/550.*5\.7\.1 no route for this/)
    await until(async () => (await listReasons(started)).length > 0, 'the refusal is in the log')
    expect(await listReasons(started)).toEqual(['no_route 550 5.7.1 no route for this'])
    const { mail: taken } = await started.settled(await started.send({ ...mail, subject: 'disk full' }))
    expect(taken.routes).toEqual(['disk'])
  })

  it.each([
    [
      'a route may take after asking an LLM',
      '  - { name: asks, when: { llm: "is it lunch?" }, steps: [{ send: box }] }',
      '',
    ],
    [
      'a hold waits for',
      '  - name: down\n    when: { subject: down }\n    steps: [{ hold: { for: 5m, key: [x], unless: { subject: lunch } } }, { send: box }]',
      '',
    ],
    [
      'a monitor expects',
      disk,
      'monitors: { lunch: { expect: { when: { subject: lunch } }, every: 24h, on_down: { send: box } } }',
    ],
  ])('takes in what %s', async (_, routes, more) => {
    const started = await start(yaml(routes, more))
    await started.send(mail)
  })

  it('is changed by a reload', async () => {
    const started = await start(yaml(disk))
    await expect(sendTo(started.app, mail)).rejects.toThrow(/550/)
    started.writeRoutes(yaml(disk).replace(/otherwise: .*\n/, ''))
    await started.app.reload('test')
    expect((await started.settled(await started.send(mail))).mail.status).toBe('unrouted')
  })

  it('is not for mails by HTTP, and explain tells of it', async () => {
    const started = await start(yaml(disk))
    const answer = await fetch(`${started.app.http.url}/api/v1/mails?from=a@a.test&to=ops@gw.test`, {
      method: 'POST',
      headers: { authorization: `Bearer ${started.app.token}`, 'content-type': 'message/rfc822' },
      body: 'Subject: lunch\r\n\r\nat noon\r\n',
    })
    expect(answer.status).toBe(201)
    const { id } = (await answer.json()) as { id: string }
    expect((await started.settled(id)).mail.status).toBe('unrouted')
    const explained = await started.app.calls.explainMail(id)
    expect(explained.admission).toEqual({ verdict: 'refused', reason: '550 5.7.1 no route for this' })
  })
})
