import { userInfo } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AlertsProgram, startAlerts } from '../http/alerts-fixture.js'
import { runCli } from './run-cli.js'

let alerts: AlertsProgram
beforeAll(async () => {
  alerts = await startAlerts()
})
afterAll(() => alerts.stop())

/** The command line against the running server. */
const cli = (...args: string[]) => {
  const { http, token } = alerts.program.app
  return runCli(args, { env: { MAILTRIGGER_URL: http.url, MAILTRIGGER_TOKEN: token } })
}
const me = `cli:${userInfo().username}`

describe('notifications', () => {
  it('are listed, shown, acknowledged and resolved', async () => {
    expect((await cli('notifications', 'list')).out).toContain('no notifications')
    const { notificationId: id } = await alerts.alert('disk "one" full')
    expect((await cli('notifications', 'list', '--unacknowledged')).out).toMatch(
      new RegExp(`${id} .* sent .* disk "one"`),
    )
    const ack = await cli('notifications', 'ack', id, '--note', 'mine')
    expect(ack).toMatchObject({ code: 0, out: `${id}  acknowledged\n` })
    expect((await cli('notifications', 'ack', id)).out).toContain('already acknowledged by')
    const { out } = await cli('notifications', 'show', id)
    expect(out).toContain(`acknowledged by ${me}`)
    expect(out).toContain('mine')
    expect(out).toContain('host=db1')
    expect(out).toMatch(/repeat +cancelled/)
    expect((await cli('notifications', 'list', '--unacknowledged')).out).toContain('nothing waits for an answer')
    expect(await cli('notifications', 'resolve', id)).toMatchObject({ code: 0, out: '1 notification resolved\n' })
    expect(await cli('notifications', 'resolve', id)).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing to resolve'),
    })
    expect((await cli('notifications', 'show', 'nobody')).code).toBe(3)
  })
})

describe('dead letters', () => {
  it('are retried and put away by the commands that are suggested', async () => {
    expect((await cli('deliveries', 'dead')).out).toContain('no dead letters')
    for (const subject of ['broken a', 'broken b']) await alerts.deadLetter(subject)
    const { out, err } = await cli('deliveries', 'dead')
    expect(out).toMatch(/^2 +broken .*no such room #/m)
    const [, suggested = ''] = /mailtrigger (deliveries cancel .*) --reason/.exec(err) ?? []
    expect(suggested).toContain('--state dead --channel broken')
    const chosen = readShell(suggested)
    const unsure = await cli(...chosen.filter((word) => word !== '--yes'))
    expect(unsure).toMatchObject({ code: 2, err: expect.stringContaining('this would cancel 2 deliveries') })
    expect(await cli(...chosen, '--reason', 'moved')).toMatchObject({ code: 0, out: '2 deliveries cancelled\n' })
    expect(await cli(...chosen)).toMatchObject({ code: 3 })
    expect((await cli('deliveries', 'retry')).code).toBe(2)
    expect((await cli('audit', 'list', '--action', 'delivery.cancel')).out).toMatch(new RegExp(`${me} .*moved`))
  })
})

describe('channels', () => {
  it('are paused and resumed', async () => {
    expect((await cli('channels', 'pause', 'inbox', '--reason', 'it floods us')).code).toBe(0)
    expect((await cli('channels', 'list')).out).toMatch(/inbox .*paused: it floods us/)
    expect((await cli('channels', 'resume', 'inbox')).code).toBe(0)
    expect((await cli('channels', 'list')).out).not.toContain('paused')
    expect((await cli('channels', 'pause', 'nobody')).code).toBe(3)
  })
})

describe('silences', () => {
  it('are made, listed and ended', async () => {
    expect((await cli('silences', 'list')).out).toContain('no silences; mailtrigger silences add')
    const label = ['--label', 'host=db1', '--label', 'team=a=b']
    const made = await cli(
      'silences',
      'add',
      '--route',
      'Sentry*',
      ...label,
      '--channel',
      'hook',
      '--for',
      '2h',
      '--comment',
      `it's ours`,
      '--json',
    )
    const { id, ...line } = JSON.parse(made.out)
    expect(line).toMatchObject({
      routes: ['Sentry*'],
      channels: ['hook'],
      labels: { host: 'db1', team: 'a=b' },
      comment: `it's ours`,
      created_by: me,
    })
    expect((await cli('silences', 'list')).out).toMatch(/active .*route Sentry\*, host=db1, team=a=b, on hook/)
    expect((await cli('silences', 'end', id)).code).toBe(0)
    expect((await cli('silences', 'end', id)).code).toBe(3)
    expect((await cli('silences', 'list', '--all')).out).toContain('ended')
  })

  it.each([
    [['--for', '1h']],
    [['--route', 'x']],
    [['--route', 'x', '--for', '1h', '--until', '2099-01-01']],
    [['--route', 'x', '--until', 'tomorrow']],
    [['--label', 'x', '--for', '1h']],
  ])('%j is a mistake, and the answer shows how', async (options) => {
    expect(await cli('silences', 'add', ...options)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--for 2h|for example/),
    })
  })
})

describe('monitors and rules', () => {
  it('are listed and changed', async () => {
    const { out } = await cli('monitors', 'list')
    expect(out).toMatch(/nightly-backup +new +never .*https:\/\/alerts\.mailtrigger\.app\/ping\//)
    expect((await cli('monitors', 'ping', 'nightly-backup', '--fail')).out).toContain('nightly-backup is down')
    expect((await cli('monitors', 'ping', 'nightly-backup')).out).toMatch(/is up, due again by/)
    expect((await cli('monitors', 'ping', 'nightly-backup', '--fail', '--start')).code).toBe(2)
    expect((await cli('monitors', 'ping', 'nobody')).code).toBe(3)

    expect((await cli('rules', 'list')).out).toContain('no rules; mailtrigger rules add')
    const rule = ['rules', 'add', '--monitor', 'nightly-backup', '--on', 'down', '--send', 'inbox', '--send', 'hook']
    const made = JSON.parse((await cli(...rule, '--json')).out)
    expect(made).toMatchObject({ event: 'on_down', channels: ['inbox', 'hook'] })
    expect((await cli('rules', 'list')).out).toMatch(/monitor nightly-backup +on_down +hook, inbox/)
    expect((await cli('rules', 'remove', made.id)).code).toBe(0)
    expect((await cli('rules', 'remove', made.id)).code).toBe(3)
    for (const wrong of [
      ['--job', 'a', '--monitor', 'b'],
      ['--job', 'a'],
      ['--on', 'down', '--send', 'inbox'],
    ]) {
      expect((await cli('rules', 'add', ...wrong)).code).toBe(2)
    }
  })
})

describe('replays', () => {
  it('show the difference, and need --yes for more than what is named', async () => {
    const first = await alerts.program.send({ subject: 'mystery' })
    await alerts.program.settled(first)
    const same = await cli('replay', '--unrouted', '--dry-run')
    expect(same.out).toContain('unrouted, as before')
    expect(same.out).toMatch(/1 mail: 0 would change, 1 would not\. Nothing was sent\./)
    expect(await cli('replay', '--unrouted')).toMatchObject({ code: 2, err: expect.stringContaining('--dry-run') })
    expect((await cli('replay', '--unrouted', '--yes')).out).toContain('1 mail to be routed again')
    expect((await cli('replay', first)).out).toContain('1 mail to be routed again')
    expect((await cli('replay', '--search', 'no such words')).code).toBe(3)
    for (const wrong of [[], [first, '--unrouted'], ['--unrouted', '--status', 'routed']]) {
      expect((await cli('replay', ...wrong)).code).toBe(2)
    }
    const { items, summary } = JSON.parse((await cli('replay', first, '--dry-run', '--json')).out)
    expect(summary).toEqual({ mails: 1, changed: 0, same: 1 })
    expect(items).toMatchObject([{ id: first, before: { outcome: 'unrouted' }, after: { outcome: 'unrouted' } }])
  })
})

/** The words of a line, as a POSIX shell reads it. */
function readShell(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|\\.|[^\s'\\])+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|\\(.)/g, (_, quoted: string | undefined, escaped: string) => quoted ?? escaped),
  )
}
