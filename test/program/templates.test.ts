import { readFileSync, writeFileSync } from 'node:fs'
import { simpleParser } from 'mailparser'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type SmtpSink, startSmtpSink } from '../stand-ins/smtp-sink.js'
import { until } from '../stand-ins/until.js'
import { slackWebhook } from '../stand-ins/vendors/slack.js'
import { type RunningVendor, startVendor } from '../stand-ins/vendors/vendor.js'
import { dumpRequest } from './every-way.js'
import { makeConstant } from './sample-text.js'
import { type Program, startProgram } from './start-program.js'

const page = readFileSync('docs/templates.md', 'utf8')

let slack: RunningVendor
let smtp: SmtpSink
let program: Program

/** The example of the page as it stands there, with stand-ins at the other ends, and what no route makes beside it. */
beforeAll(async () => {
  slack = await startVendor(slackWebhook)
  smtp = await startSmtpSink({ extensions: ['8BITMIME'] })
  const config = parse(findBlock('yaml'))
  Object.assign(config.channels.ops, slack.settings)
  Object.assign(config.channels.email, { host: smtp.host, port: smtp.port, starttls: 'off' })
  const digest = {
    name: 'Gathered',
    when: { subject: 'gather' },
    steps: [{ digest: { every: '1s' } }, { send: 'ops' }],
  }
  const backup = { expect: { when: { subject: 'backup' } }, every: '1h', on_down: { send: 'ops' } }
  program = await startProgram(
    JSON.stringify({
      version: 1,
      server: { hostname: 'gateway.mailtrigger.app' },
      ...config,
      routes: [...config.routes, digest],
      monitors: { backup },
    }),
  )
})
afterAll(async () => {
  await program.stop()
  await smtp.stop()
  await slack.stop()
})

describe('the example in docs/templates.md', () => {
  it('makes of its mail what the page says; `UPDATE_GOLDEN=1` writes it', async () => {
    const raw = findBlock('text').replaceAll('\n', '\r\n')
    const sent = { from: 'monitoring@db1.mailtrigger.app', to: ['tim@mailtrigger.app'], raw }
    const { mail } = await program.settled(await program.send(sent))
    expect(mail.delivery_list.map(({ channel, status }) => `${channel} ${status}`).sort()).toEqual([
      'email sent',
      'ops sent',
    ])
    const [request] = slack.requests
    const [letter] = smtp.mails
    if (!request || !letter) throw new Error('nothing was sent')
    const [shown] = await slack.shown()
    expect(shown).toContain('[storage] Disk full on db1')
    expect(shown).toContain(
      'Only 3 % left on /var.\nmonitoring@db1.mailtrigger.app told us, and the route "Full disks" passed it on.',
    )
    const { subject, text } = await simpleParser(letter.raw)
    expect(subject).toMatch(/ERROR: Disk full on db1$/)
    expect(text).toContain('This came to tim@mailtrigger.app from monitoring@db1.mailtrigger.app.\nRoute: Full disks')
    compare('slack-template.http', makeConstant(dumpRequest(request)))
    compare('email-template.eml', makeConstant(letter.raw))
  })
})

describe('what no route makes', () => {
  it.each([
    [
      'a mail that no route takes',
      'nobody takes this',
      'service@mailtrigger.app told us, and the route "otherwise" passed it on.',
    ],
    ['a digest', 'gather', 'the route "Gathered" passed it on.'],
  ])('%s is said by the template of its channel', async (_, subject, line) => {
    await program.send({ subject })
    await until(async () => (await slack.shown()).some((text) => text.includes(line)), 'it is told')
  })

  it('the alarm of a monitor is said by the template of its channel', async () => {
    await program.app.calls.pingMonitor('backup', 'fail', 'test')
    const line = '\nthe route "monitor backup" passed it on.'
    await until(async () => (await slack.shown()).some((text) => text.includes(line)), 'it is told')
  })
})

function findBlock(language: string): string {
  const found = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(page)?.[1]
  if (found === undefined) throw new Error(`the page has no block of ${language}`)
  return found
}

function compare(file: string, text: string): void {
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(`docs/samples/${file}`, text)
  expect(text).toBe(readFileSync(`docs/samples/${file}`, 'utf8'))
}
