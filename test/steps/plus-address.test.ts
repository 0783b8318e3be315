import { describe, expect, it } from 'vitest'
import { expandRecipients } from '#src/steps/expand-recipients.js'
import { noticeScope } from '#src/steps/scope.js'
import { makeMail } from '../route/sample.js'
import { makeConfig, people } from './step-fixture.js'

const groups = Object.assign(Object.create(null), {
  devops: ['tim@y.example', 'jolin@y.example'],
  'devops+night': ['boss@y.example'],
})
const known = Object.assign(Object.create(null), people, {
  'tim+pager@y.example': { ...people['tim@y.example'], address: 'tim+pager@y.example' },
})
const config = makeConfig({ groups, people: known })
const expand = (...entries: string[]) => expandRecipients(entries, config, false)

describe('who an address with a + is', () => {
  it.each([
    ['a person without the key', ['tim+db@y.example'], ['tim@y.example']],
    ['a person, however it is written', ['Tim+DB@Y.example'], ['tim@y.example']],
    ['a person of that very address', ['tim+pager@y.example'], ['tim+pager@y.example']],
    ['a group without the key', ['devops+db'], ['tim@y.example', 'jolin@y.example']],
    ['a group of that very name', ['devops+night'], ['boss@y.example']],
    [
      'each person once',
      ['tim+db@y.example', 'tim+web@y.example', 'tim@y.example', 'devops+x'],
      ['tim@y.example', 'jolin@y.example'],
    ],
    ['nobody that is known: the mailbox as it is', ['someone+db@z.example'], ['someone+db@z.example']],
    ['no name that JavaScript knows', ['constructor+x', '__proto__+x'], ['constructor+x', '__proto__+x']],
  ])('%s', (_, entries, expected) => expect(expand(...entries)).toEqual(expected))
})

describe('templates', () => {
  const message = {
    title: 't',
    text: '',
    severity: 'info' as const,
    from: '',
    labels: {},
    links: [],
    attachments: [],
    notes: [],
    mailId: null,
    receivedAt: 0,
  }
  const scopeOf = (to: string[] | null) =>
    noticeScope({ route: 'r', event: null, fingerprint: 'f' }, message, {
      mail: to && makeMail({ envelope: { to } }),
      recipients: [],
    })

  it('see the first key, and all of them', () => {
    expect(scopeOf(['a@x', 'a+One@x', 'b+two@x', 'c+One@x'])).toMatchObject({
      rcpt_key: 'One',
      mail: { rcpt_keys: ['One', 'two'] },
    })
    expect(scopeOf(['a@x'])).toMatchObject({ rcpt_key: null, mail: { rcpt_keys: [] } })
    expect(scopeOf(null)).toMatchObject({ rcpt_key: null, mail: null })
  })
})
