import { describe, expect, test } from 'vitest'
import type { Condition, TextOperator } from '../../src/domain/route.js'
import { address, judge, makeMail, not, text } from './sample.js'

const rcpt = { type: 'rcpt' } as const
const key = { type: 'rcpt_key' } as const
const mail = makeMail({ envelope: { to: ['audit@x.example', 'DevOps+DB@x.example'] } })

async function look(condition: Condition, of = mail) {
  const match = await judge(condition, of)
  return { holds: match.verdict === 'matched', seen: match.condition?.seen ?? null }
}

describe('rcpt: a recipient with a key is its plain address too, and shown as it came', () => {
  test.each(['devops@x.example', 'devops+db@x.example', 'DEVOPS@*', 'devops+*@x.example', 'd*s@x.example'])(
    'address %s',
    async (glob) => expect(await look(address('rcpt', glob))).toEqual({ holds: true, seen: 'DevOps+DB@x.example' }),
  )

  test.each(['devops+web@x.example', 'db@x.example', 'devops@y.example', '+db@x.example'])('not %s', async (glob) =>
    expect(await look(address('rcpt', glob))).toEqual({ holds: false, seen: 'audit@x.example, DevOps+DB@x.example' }),
  )

  test.each<[TextOperator, string]>([
    ['is', 'devops@x.example'],
    ['is', 'devops+db@x.example'],
    ['contains', 'ops@x'],
    ['starts_with', 'devops@'],
    ['ends_with', 's@x.example'],
    ['matches', '(?i)^(?P<team>devops)@'],
    ['matches', '\\+DB@'],
  ])('%s %s', async (operator, value) => {
    expect(await look(text(rcpt, operator, value))).toEqual({ holds: true, seen: 'DevOps+DB@x.example' })
    expect((await look(not(text(rcpt, operator, value)))).holds).toBe(false)
  })

  test('what does not hold shows what came, and nothing twice', async () => {
    expect(await look(text(rcpt, 'contains', 'nobody'))).toEqual({
      holds: false,
      seen: 'audit@x.example, DevOps+DB@x.example',
    })
  })

  test('headers know no keys', async () => {
    const tagged = makeMail({ to: [{ name: '', address: 'devops+db@x.example' }], cc: [] })
    expect((await look(address('to', 'devops@x.example'), tagged)).holds).toBe(false)
  })
})

describe('rcpt_key', () => {
  const present = (is: boolean): Condition => ({ kind: 'present', field: key, present: is, position: null })

  test.each<[TextOperator, string, boolean]>([
    ['is', 'db', true],
    ['is', 'd', false],
    ['starts_with', 'd', true],
    ['matches', '^DB$', true],
    ['matches', '^db$', false],
  ])('%s %s: %s', async (operator, value, holds) => {
    expect(await look(text(key, operator, value))).toEqual({ holds, seen: 'DB' })
  })

  test('is there or not', async () => {
    const plain = makeMail({ envelope: { to: ['devops@x.example', 'devops+@x.example'] } })
    expect((await look(present(true))).holds).toBe(true)
    expect((await look(present(false))).holds).toBe(false)
    expect((await look(present(true), plain)).holds).toBe(false)
    expect(await look(text(key, 'is', 'db'), plain)).toEqual({ holds: false, seen: null })
  })
})
