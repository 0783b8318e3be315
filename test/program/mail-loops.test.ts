import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type SmtpSink, startSmtpSink } from '../stand-ins/smtp-sink.js'
import { until } from '../stand-ins/until.js'
import { type Program, startProgram } from './start-program.js'

const programs: Program[] = []
let sink: SmtpSink
/** Mails to the sink. */
let program: Program
beforeAll(async () => {
  sink = await startSmtpSink()
  program = await start(sink.port)
})
beforeEach(() => {
  sink.mails.length = 0
})
afterAll(async () => {
  for (const one of programs) await one.stop()
  await sink.stop()
})

/** A gateway that mails everything it gets to whoever listens on `port`, with `to` as the only recipient. */
const routesTo = (port: number, settings = ''): string => `
version: 1
channels:
  mail: { kind: email, host: 127.0.0.1, port: ${port}, starttls: off, from: gateway@ours.example${settings} }
  inbox: { kind: inbox }
otherwise: { send: inbox }
routes: [ { name: all, when: { sender: "*" }, steps: [ { send: mail } ] } ]
`

async function start(port = 9): Promise<Program> {
  const program = await startProgram(routesTo(port))
  programs.push(program)
  return program
}

const portOf = ({ app }: Program): number => app.smtp[0]?.port ?? 0

async function pointTo(program: Program, port: number, settings = ''): Promise<void> {
  program.writeRoutes(routesTo(port, settings))
  await program.app.reload()
}

const countMails = async ({ app }: Program): Promise<number> => (await app.calls.listMails({ limit: 100 })).items.length

/** The lines of the rejected log about loops, as soon as they stand for `count` mails. */
async function loopsRefused({ app }: Program, count: number) {
  const read = async () => {
    const { items } = await app.calls.listRejections({ limit: 100 })
    return items.filter(({ reason }) => reason === 'loop')
  }
  const total = async () => (await read()).reduce((sum, line) => sum + line.count, 0)
  await until(async () => (await total()) >= count, `the rejected log has ${count} loops`)
  return read()
}

describe('a loop made on purpose ends with a refusal', () => {
  it('where the mail server of a channel is the gateway itself', async () => {
    const own = await start()
    await pointTo(own, portOf(own))
    const { deliveries } = await own.settled(await own.send({ from: 'cron@db1.example' }))
    expect(deliveries).toHaveLength(1)
    expect(deliveries[0]).toMatchObject({ status: 'dead', channel: 'mail', attempts: 1 })
    expect(deliveries[0]?.attempt_list[0]).toMatchObject({ outcome: 'permanent', status_code: 554 })
    expect(deliveries[0]?.attempt_list[0]?.excerpt).toContain('5.4.6 the mail has passed this gateway before')
    expect(await loopsRefused(own, 1)).toMatchObject([
      { reason: 'loop', code: 554, from: 'gateway@ours.example', rcpt: 'devops@mailtrigger.app', count: 1 },
    ])
    expect(await countMails(own)).toBe(1)
  })

  it('where two gateways send to each other, also when the first was restarted', async () => {
    const [one, other] = [await start(), await start()]
    await pointTo(one, portOf(other))
    await pointTo(other, portOf(one))
    const first = await one.send({})
    expect((await one.settled(first)).deliveries[0]?.status).toBe('sent')
    expect(await loopsRefused(one, 1)).toMatchObject([{ reason: 'loop', count: 1 }])
    expect([await countMails(one), await countMails(other)]).toEqual([1, 1])

    await one.restart()
    await pointTo(other, portOf(one))
    await one.settled(await one.send({ subject: 'another' }))
    expect(await loopsRefused(one, 2)).toMatchObject([{ reason: 'loop', count: 2 }])
    expect([await countMails(one), await countMails(other)]).toEqual([2, 2])
    const { items } = await other.app.calls.listDeliveries({ limit: 10 })
    expect(items.map(({ status }) => status)).toEqual(['dead', 'dead'])
  })

  it('where it came in by HTTP, and is brought back by HTTP', async () => {
    await program.settled(await program.send({}))
    const before = await countMails(program)
    const raw = sink.mails[0]?.raw ?? ''
    expect(raw.match(/^X-MailTrigger-Hop: [0-9a-f]{16}; 1\r$/gim)).toHaveLength(1)
    const answer = await fetch(`${program.app.http.url}/api/v1/mails?from=a@b.example&to=devops@mailtrigger.app`, {
      method: 'POST',
      headers: { authorization: `Bearer ${program.app.token}`, 'content-type': 'message/rfc822' },
      body: raw,
    })
    expect(answer.status).toBe(422)
    expect(await answer.json()).toMatchObject({ error: { code: 'loop', message: expect.stringContaining('5.4.6') } })
    expect(await loopsRefused(program, 1)).toMatchObject([{ from: 'a@b.example', count: 1 }])
    expect(await countMails(program)).toBe(before)
  })
})

/** A bounce of what the sink took, as Postfix writes it. */
function bounceOf(returned: string): string {
  return [
    'From: MAILER-DAEMON@far.example (Mail Delivery System)',
    'To: gateway@ours.example',
    'Subject: Undelivered Mail Returned to Sender',
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    '<devops@mailtrigger.app>: host far.example said: 550 5.1.1 no such user',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; far.example',
    '',
    'Final-Recipient: rfc822; devops@mailtrigger.app',
    'Action: failed',
    'Status: 5.1.1',
    '--b',
    'Content-Type: text/rfc822-headers',
    '',
    returned.slice(0, returned.indexOf('\r\n\r\n')),
    '',
    '--b--',
    '',
  ].join('\r\n')
}

describe('a bounce of our own mail', () => {
  it('is stored and routed, and what is made of it has the null return path', async () => {
    await program.settled(await program.send({ from: 'cron@db1.example' }))
    const id = await program.send({ from: '', raw: bounceOf(sink.mails[0]?.raw ?? '') })
    const { deliveries } = await program.settled(id)
    expect(deliveries).toMatchObject([{ status: 'sent' }])
    expect(sink.mails[0]).toMatchObject({ from: 'gateway@ours.example', to: ['devops@mailtrigger.app'] })
    expect(sink.mails[1]).toMatchObject({ from: '', to: ['devops@mailtrigger.app'] })
    expect(sink.mails[1]?.raw).toMatch(/^Precedence: bulk\r$/m)
    expect(sink.mails[1]?.raw).toMatch(/^X-Auto-Response-Suppress: All\r$/m)

    // A server that answers to the From header, null return path or not, gets no third mail.
    const again = await program.send({ from: '', raw: bounceOf(sink.mails[1]?.raw ?? '') })
    const end = await program.settled(again)
    expect(end.deliveries).toMatchObject([{ status: 'dead' }])
    expect(end.deliveries[0]?.attempt_list[0]?.excerpt).toContain('bounce of a mail that was itself made of a bounce')
    expect(sink.mails).toHaveLength(2)
  })

  it('goes nowhere when the server takes no null sender, and the channel goes on', async () => {
    sink.script('MAIL', '550 5.7.1 sender refused')
    const { deliveries } = await program.settled(await program.send({ from: '', raw: bounceOf('X: y\r\n\r\n') }))
    expect(deliveries).toMatchObject([{ status: 'dead' }])
    const alert = await program.settled(await program.send({ from: 'cron@db1.example' }))
    expect(alert.deliveries).toMatchObject([{ status: 'sent' }])
  })
})

it('nothing is ever sent to whoever a mail is from', async () => {
  const vacation = { 'Auto-Submitted': 'auto-replied (vacation)', From: 'devops@mailtrigger.app' }
  const asksForReceipts = {
    'Disposition-Notification-To': 'spy@forged.example',
    'Return-Receipt-To': 'spy@forged.example',
    'Errors-To': 'spy@forged.example',
    'Return-Path': '<spy@forged.example>',
  }
  const ids = [
    await program.send({ from: 'victim@forged.example', headers: asksForReceipts }),
    await program.send({ from: '', raw: bounceOf('X: y\r\n\r\n') }),
    // A mail that cannot be parsed, one that is delivered to nobody, one that is refused at the far end.
    await program.send({ from: 'victim@forged.example', raw: Buffer.from([0xff, 0xfe, 0x41, 0x0d, 0x0a]) }),
    await program.send({ from: 'victim@forged.example', to: ['nobody@mailtrigger.app'] }),
  ]
  for (const id of ids) await program.settled(id)
  sink.script('RCPT', '550 5.1.1 no such user')
  const refused = await program.settled(await program.send({ from: 'victim@forged.example' }))
  expect(refused.deliveries).toMatchObject([{ status: 'dead' }])
  const answer = await program.settled(
    await program.send({ from: 'devops@mailtrigger.app', raw: headersOf(vacation), to: ['devops@mailtrigger.app'] }),
  )
  expect(answer.deliveries).toMatchObject([{ status: 'dead' }])
  expect(answer.deliveries[0]?.attempt_list[0]?.excerpt).toContain('whose automatic answer it is')

  const sentTo = new Set(sink.mails.flatMap(({ to }) => to))
  expect([...sentTo].sort()).toEqual(['devops@mailtrigger.app', 'nobody@mailtrigger.app'])
  expect(sink.mails).toHaveLength(4)
  for (const { raw } of sink.mails) expect(raw).not.toMatch(/^(?:To|Cc|Bcc|Reply-To): .*forged/im)
})

function headersOf(headers: Record<string, string>): string {
  return `${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\nI am away.\r\n`
}
