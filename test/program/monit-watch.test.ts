import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSqlite } from '#src/store/sqlite/binding.js'
import { type CliResult, runCli } from '../cli/run-cli.js'
import { startTelegram, type TelegramStandIn } from '../stand-ins/telegram.js'
import { until } from '../stand-ins/until.js'
import { type Program, startProgram } from './start-program.js'

let telegram: TelegramStandIn
let program: Program
beforeAll(async () => {
  telegram = await startTelegram()
  program = await startProgram(`version: 1
channels: { telegram: { kind: telegram, bot_token: "100000:a-token-of-a-test", base_url: "${telegram.url}" } }
people:
  boss@mailtrigger.app: { telegram: "333" }
  tim@mailtrigger.app: { telegram: "111", manager: boss@mailtrigger.app }
  jolin@mailtrigger.app: { telegram: "222", manager: boss@mailtrigger.app }
routes: [{ name: Monit archive, when: { from: "monit@*" }, steps: [] }]
`)
})
afterAll(async () => {
  await program?.stop()
  await telegram?.stop()
})

const jobs = (...args: string[]): Promise<CliResult> =>
  runCli(['--data', join(program.folder, 'data'), 'jobs', ...args], { cwd: program.folder })

async function jobsJson(...args: string[]) {
  const { out } = await jobs(...args, '--json')
  return JSON.parse(out)
}

/** A mail as Monit on `host` writes it, about something that happened so many minutes ago. */
function monitMail(event: string, service: string, host: string, minutesAgo: number) {
  const at = new Date(Date.now() - minutesAgo * 60_000).toUTCString()
  const from = `monit@${host}.mailtrigger.app`
  const fields = [
    `Date:        ${at.replace(' GMT', '')}`,
    `Host:        ${host}`,
    'Description: process is not running',
  ]
  const text = `${event} Service ${service} \n\n\t${fields.join('\n\t')}\n\nYour faithful employee,\nMonit\n`
  return {
    from,
    raw: `From: ${from}\r\nTo: devops@mailtrigger.app\r\nSubject: monit alert --  ${event} ${service}\r\nDate: ${at}\r\nMessage-Id: <${Date.parse(at)}.${event.length}@${host}>\r\n\r\n${text.replaceAll('\n', '\r\n')}`,
  }
}

describe('monit-watch, uploaded with its database', () => {
  it('is pushed in one call', async () => {
    const pushed = await jobs(
      ...['push', 'monit-watch', resolve('wasm-actions/monit-watch.ts')],
      ...['--schedule', '30 4 1 1 *', '--timezone', 'Asia/Taipei', '--send', 'telegram'],
      ...['--database', resolve('wasm-actions/monit-watch.sqlite3'), '--settings', '{"minutes":30}'],
    )
    expect(pushed).toMatchObject({ code: 0, err: '' })
    expect(pushed.out).toContain('30 4 1 1 * Asia/Taipei')
    expect((await jobs('next', 'monit-watch', '--count', '1')).out).toMatch(/ \d{4}-01-01 04:30 in Asia\/Taipei\n$/)
    expect((await jobs('list')).out).toMatch(/^monit-watch +30 4 1 1 \* Asia\/Taipei .* never +– +uploaded$/m)
  })

  it('tells developer and manager once of a service that stays down, and nothing of one that came back', async () => {
    for (const mail of [
      monitMail('Does not exist', 'nginx', 'web-01', 45),
      monitMail('Does not exist', 'nginx', 'web-01', 45),
      monitMail('Does not exist', 'postgresql', 'db-01', 40),
      monitMail('Exists', 'sshd', 'web-02', 50),
      monitMail('Does not exist', 'sshd', 'web-02', 51),
      monitMail('Does not exist', 'cron', 'web-03', 5),
    ]) {
      await program.send(mail)
    }
    const run = await jobs('run', 'monit-watch', '--follow')
    expect(run.code).toBe(0)
    expect(run.out).toMatch(/info +mails read: 6, services down: 3, new outages: 2, told: 2/)
    expect(run.out).toMatch(/success in .*2 notifications, \d+ rows changed/)
    await telegram.waitFor(4)
    const told = telegram.messages().map(({ chat, text }) => `${chat} ${text.split('\n')[0]}`)
    expect(told.sort()).toEqual([
      expect.stringMatching(/^111 .*nginx on web-01 is down for 45 minutes/),
      expect.stringMatching(/^222 .*postgresql on db-01 is down for 40 minutes/),
      expect.stringMatching(/^333 .*nginx on web-01/),
      expect.stringMatching(/^333 .*postgresql on db-01/),
    ])
  })

  it('tells it no second time', async () => {
    await program.send(monitMail('Does not exist', 'nginx', 'web-01', 1))
    expect((await jobsJson('run', 'monit-watch')).notifications).toBe(0)
    expect((await jobs('logs', 'monit-watch', '--limit', '2')).out.match(/told: \d/g)).toEqual(['told: 0', 'told: 2'])
    const line = await jobsJson('show', 'monit-watch')
    expect(line.runs.map((run: { outcome: string }) => run.outcome)).toEqual(['success', 'success'])
    await until(async () => {
      const { items } = await program.app.calls.listDeliveries({ limit: 10 })
      return items.length === 4 && items.every(({ status }) => status === 'sent')
    }, 'all is sent')
    expect(telegram.messages()).toHaveLength(4)
    expect(program.events.filter(({ type }) => type === 'run.finished')).toHaveLength(2)
  })

  it('has a database one can ask, save and replace', async () => {
    const asked = await jobs('db', 'query', 'monit-watch', 'SELECT host, service FROM alerts ORDER BY host')
    expect(asked.out).toBe('host    service\ndb-01   postgresql\nweb-01  nginx\n')
    expect((await jobs('db', 'query', 'monit-watch', 'DELETE FROM alerts')).code).toBe(1)

    const copy = join(program.folder, 'copy.sqlite3')
    expect((await jobs('db', 'pull', 'monit-watch', '-o', copy)).code).toBe(0)
    expect(existsSync(copy)).toBe(true)
    const database = openSqlite(copy)
    database.exec("INSERT INTO responsible VALUES ('cache-*', '*', 'jolin@mailtrigger.app')")
    database.close()
    expect((await jobs('db', 'push', 'monit-watch', copy)).code).toBe(0)
    await program.send(monitMail('Does not exist', 'redis', 'cache-09', 31))
    expect((await jobsJson('run', 'monit-watch')).notifications).toBe(1)
    await telegram.waitFor(6)
    expect(telegram.messages().filter(({ chat }) => chat === '222')).toHaveLength(2)
    expect((await jobs('db', 'push', 'monit-watch', resolve('package.json'))).err).toMatch(/SQLite/)
  })

  it('gets another schedule, is disabled, enabled and deleted', async () => {
    const changed = await jobsJson('push', 'monit-watch', '--schedule', '*/30 * * * *')
    expect(changed).toMatchObject({ schedule: '*/30 * * * *', timezone: 'Asia/Taipei' })
    const { items } = await jobsJson('next', 'monit-watch', '--count', '3')
    expect(items).toHaveLength(3)
    for (const time of items) expect(new Date(time).getUTCMinutes() % 30).toBe(0)
    expect((await jobs('disable', 'monit-watch')).out).toContain('disabled')
    expect((await jobsJson('next', 'monit-watch')).items).toEqual([])
    expect((await jobs('enable', 'monit-watch')).code).toBe(0)
    expect((await jobs('rm', 'monit-watch')).code).toBe(2)
    expect((await jobs('rm', 'monit-watch', '--yes')).code).toBe(0)
    expect((await jobs('show', 'monit-watch')).code).toBe(3)
    expect((await jobs('list')).out).toMatch(/^no jobs/)
  })

  it.each([
    [['push', 'broken', 'package.json', '--schedule', '* * * * *'], 1],
    [['push', 'absent', 'absent.ts', '--schedule', '* * * * *'], 3],
    [['push', 'nothing'], 2],
    [['push', 'settings', '--settings', '[]'], 2],
    [['run', 'nobody'], 3],
    [['logs', 'nobody'], 3],
    [['db', 'query', 'nobody', 'SELECT 1'], 3],
  ])('%j ends with %i', async (args, code) => {
    const result = await jobs(...args.map((arg) => (arg === 'package.json' ? resolve(arg) : arg)))
    expect(result).toMatchObject({ code, err: expect.stringMatching(/^mailtrigger: /) })
  })
})
