import { describe, expect, it } from 'vitest'
import { checkExposure, compilePolicy } from '#src/receive/policy.js'
import { openSettings, plainUser } from './open-settings.js'

describe('checkExposure', () => {
  const beyond = [{ host: '0.0.0.0', port: 25 }]
  it.each([
    ['loopback alone', {}, false],
    [
      'localhost',
      {
        listen: [
          { host: 'localhost', port: 1 },
          { host: '[::1]', port: 1 },
          { host: '127.8.9.1', port: 1 },
        ],
      },
      false,
    ],
    ['beyond', { listen: beyond }, true],
    ['beyond by TLS', { implicitTls: [{ host: '::', port: 465 }] }, true],
    ['beyond without any allow', { listen: beyond, allow: [] }, true],
    ['beyond, single loopback address', { listen: beyond, allow: ['127.0.0.1'] }, true],
    ['beyond, own network', { listen: beyond, allow: ['127.0.0.0/8', '10.0.0.0/8'] }, false],
    ['beyond, 0.0.0.0/0 is a decision too', { listen: beyond, allow: ['0.0.0.0/0'] }, false],
    ['beyond, users', { listen: beyond, users: [plainUser('a', 'b')] }, false],
    ['beyond, recipients', { listen: beyond, recipients: ['*@x.example'] }, false],
  ])('%s', (_name, settings, isExposed) => {
    const problem = checkExposure({ ...openSettings, ...settings })
    expect(problem !== null).toBe(isExposed)
    if (problem)
      expect(
        problem
          .split('\n')
          .slice(1)
          .map((line) => line.trim().split(':')[0]),
      ).toEqual(['allow', 'recipients'])
  })
})

describe('the policy', () => {
  it.each([
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8'], false],
    ['192.168.1.7', ['192.168.1.7'], true],
    ['fd00::1', ['fd00::/8'], true],
    ['::1', ['127.0.0.0/8', '::1/128'], true],
    ['127.0.0.1', ['nonsense', '10.0.0.0/99', '/8'], false],
    ['not an address', ['0.0.0.0/0', '::/0'], false],
  ])('client %s in %j: %s', (client, allow, isAllowed) => {
    expect(compilePolicy({ ...openSettings, allow }).allowsClient(client)).toBe(isAllowed)
  })

  it.each([
    ['ops@x.example', ['ops@x.example'], true],
    ['OPS@X.example', ['ops@x.EXAMPLE'], true],
    ['devops.team@x.example', ['*@x.example'], true],
    ['a@y.x.example', ['*@x.example'], false],
    ['a@y.x.example', ['*@*.x.example'], true],
    ['sentry-7@x.example', ['sentry-*@x.example', 'jenkins@x.example'], true],
    ['a@x.example.evil', ['*@x.example'], false],
    ['ab@x', ['ab*b@x'], false],
    ['abab@x', ['ab*ab@x'], true],
    ['a@b%evil@x.example', ['*@x.example'], false],
    ['evil!a@x.example', ['*@x.example'], false],
    ['"a b"@x.example', ['*@x.example'], false],
    ['postmaster', ['*'], true],
  ])('recipient %s for %j: %s', (address, recipients, isAccepted) => {
    expect(compilePolicy({ ...openSettings, recipients }).refuseRecipient(address, null) === null).toBe(isAccepted)
  })

  it.each([
    ['A@CI.example', ['*@ci.example'], true],
    ['a@x.ci.example', ['*@ci.example'], false],
    ['a@ci.example.evil', ['*@ci.example'], false],
    ['', ['*@ci.example'], false],
    ['', ['<>'], true],
    ['', ['*'], true],
    ['<>', ['*@ci.example'], false],
    ['any@where.example', null, true],
    ['', null, true],
    ['a%ci.example@evil.example', ['*@ci.example'], false],
  ])('a user may send as %j by %j: %s', (from, senders, isAllowed) => {
    const users = [{ ...plainUser('jenkins', 'x'), senders }]
    const policy = compilePolicy({ ...openSettings, users })
    const speaker = { client: '127.0.0.1', encrypted: true }
    const rejection = policy.refuseSender(from, { ...speaker, user: 'jenkins' })
    expect(rejection === null).toBe(isAllowed)
    if (rejection) {
      expect(rejection).toMatchObject({ smtpCode: 553, reason: 'sender_not_allowed' })
      expect(rejection.message).toBe(`5.7.1 user jenkins may not send as <${from}>`)
    }
    expect(policy.refuseSender(from, { ...speaker, user: null })).toBeNull()
  })

  it.each([
    ['OPS@x.example', ['*@x.example'], null, null],
    ['dev@x.example', ['*@x.example'], ['ops@x.example'], 'recipient_not_allowed'],
    ['ops@x.example', ['*@x.example'], ['OPS@X.example'], null],
    ['ops@y.example', ['*@x.example'], ['*'], 'unknown_recipient'],
    ['ops@y.example', null, ['*@x.example'], 'recipient_not_allowed'],
    ['a%b@x.example', null, ['*@x.example'], 'recipient_not_allowed'],
  ])('a user may write to %s, of %j and its own %j: %s', (address, recipients, own, reason) => {
    const users = [{ ...plainUser('jenkins', 'x'), recipients: own }]
    const policy = compilePolicy({ ...openSettings, recipients, users })
    expect(policy.refuseRecipient(address, 'jenkins')?.reason ?? null).toBe(reason)
  })

  it.each([
    ['10.1.2.3', null, null],
    ['192.0.2.1', null, 'client/192.0.2.1'],
    ['2001:db8::7', null, 'client/2001:db8:0:0::/64'],
    ['10.1.2.3', 'jenkins', 'user/jenkins'],
    ['192.0.2.1', 'monit', 'user/monit'],
  ])('%s, logged in as %s, is counted as %s', (client, user, key) => {
    const policy = compilePolicy({ ...openSettings, allow: ['10.0.0.0/8', '0.0.0.0/0', '::/0'] })
    expect(policy.allowsClient(client)).toBe(true)
    expect(policy.limitedSender({ client, user })?.key ?? null).toBe(key)
  })

  it('knows the limits of a user, each before that of all users', () => {
    const mails = { count: 5, perMs: 1_000 }
    const policy = compilePolicy({
      ...openSettings,
      users: [{ ...plainUser('jenkins', 'x'), limits: { connectionsMax: null, mails } }, plainUser('monit', 'x')],
      userLimits: { connectionsMax: 3, mails: null, mailsPerDayMax: 7 },
    })
    const limitsOf = (user: string) => policy.limitedSender({ client: '127.0.0.1', user })?.limits
    expect(limitsOf('jenkins')).toEqual({ connectionsMax: null, mails, mailsPerDayMax: 7 })
    expect(limitsOf('monit')).toEqual({ connectionsMax: 3, mails: null, mailsPerDayMax: 7 })
  })

  it.each([
    [['10.0.0.0/8'], 500, 50],
    [['10.0.0.0/8', '0.0.0.0/0'], 19, 1],
    [['10.0.0.0/8'], 9, 0],
    [['0.0.0.0/0', '::/0'], 500, 0],
    [[], 500, 0],
  ])('for those of %j, of %i connections %i are kept', (allow, connectionsMax, reserved) => {
    expect(compilePolicy({ ...openSettings, allow, connectionsMax }).connectionsReserved).toBe(reserved)
  })

  it('takes the right password of the right user', () => {
    const policy = compilePolicy({
      ...openSettings,
      users: [plainUser('jenkins', 'a"b'), plainUser('monit', 'ü')],
    })
    expect(policy.acceptsPassword('jenkins', 'a"b')).toBe(true)
    expect(policy.acceptsPassword('monit', 'ü')).toBe(true)
    for (const [name, password] of [
      ['jenkins', 'ü'],
      ['monit', ''],
      ['', ''],
      ['JENKINS', 'a"b'],
      ['jenkins","a', 'b'],
    ] as const) {
      expect(policy.acceptsPassword(name, password)).toBe(false)
    }
    expect(compilePolicy(openSettings).acceptsPassword('', '')).toBe(false)
  })
})
