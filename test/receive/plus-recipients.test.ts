import { describe, expect, it } from 'vitest'
import { compilePolicy } from '#src/receive/policy.js'
import { openSettings, plainUser } from './open-settings.js'

const recipients = ['devops@x.example', 'web-*@x.example', 'exact+key@x.example', '*+alerts@y.example']
const user = { ...plainUser('jenkins', 'secret'), recipients: ['devops@x.example'] }
const policy = compilePolicy({ ...openSettings, recipients, users: [user] })

describe('a recipient with a key is accepted where the plain one is', () => {
  it.each([
    'devops@x.example',
    'devops+db@x.example',
    'DevOps+DB+EU@X.example',
    'devops+@x.example',
    'web-1+x@x.example',
    'exact+key@x.example',
    'anybody+alerts@y.example',
  ])('%s', (address) => expect(policy.refuseRecipient(address, null)).toBeNull())

  it.each([
    'other+devops@x.example',
    '+devops@x.example',
    'devops+db@y.example',
    'exact@x.example',
    'anybody@y.example',
    'devops+a%b@x.example',
    'devops+a!b@x.example',
    'devops+a:b@x.example',
    '"devops+db"@x.example',
    'devops+a@evil.example@x.example',
  ])('not %s', (address) => {
    expect(policy.refuseRecipient(address, null)).toMatchObject({ smtpCode: 550, reason: 'unknown_recipient' })
  })
})

it('the same holds for what a user may write to', () => {
  expect(policy.refuseRecipient('devops+build@x.example', 'jenkins')).toBeNull()
  expect(policy.refuseRecipient('web-1+build@x.example', 'jenkins')).toMatchObject({ reason: 'recipient_not_allowed' })
})
