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
    expect(compilePolicy({ ...openSettings, recipients }).refuseRecipient(address) === null).toBe(isAccepted)
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
