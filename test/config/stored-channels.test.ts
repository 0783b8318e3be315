import { describe, expect, test } from 'vitest'
import { base, issuesOf, parse, shortly } from './kinds.js'

const stored = new Map([
  ['pager', 'telegram'],
  ['hook', 'slack'],
])

const using = `${base}  jolin@mailtrigger.app: { pager: "222222:7", manager: boss@mailtrigger.app }
otherwise: { send: pager }
monitors: { backup: { every: 1d, on_down: { send: [telegram, hook] } } }
routes:
  - { name: r, when: { subject: x }, steps: [{ send: [pager, telegram] }] }
`

describe('channels that no file has', () => {
  test('may be named wherever a channel may', () => {
    const { config, warnings } = parse(using, { storedChannels: stored, storedPeople: ['boss@mailtrigger.app'] })
    expect(warnings).toEqual([])
    expect(config.otherwise.send).toEqual(['pager'])
    expect(config.people['jolin@mailtrigger.app']?.channels).toEqual({ pager: '222222:7' })
    expect(Object.keys(config.channels)).toEqual(['telegram'])
  })

  test('are taken on trust before the store is open', () => {
    expect(issuesOf(using, { storedChannels: 'any', storedPeople: 'any' })).toEqual([])
  })

  test.each([
    ['that are not there', using, new Map(), 'unknown-channel 6:28'],
    ['whose kind has other addresses', using.replace('222222:7', 'tim'), stored, 'bad-channel-address 6:35'],
    ['whose kind has none', using.replace('{ pager:', '{ hook:'), stored, 'channel-without-addresses 6:28'],
  ])('are checked: %s', (_, text, storedChannels, first) => {
    const issues = issuesOf(text, { storedChannels, storedPeople: 'any' })
    expect(shortly(issues)[0]).toBe(first)
  })

  test('of a kind that this version does not have hold up nothing', () => {
    const storedChannels = new Map([...stored, ['pager', 'carrier_pigeon']])
    expect(issuesOf(using, { storedChannels, storedPeople: 'any' })).toEqual([])
  })

  test('are suggested by a server, and a command without one says how to name them', () => {
    const hint = (name: string, changes = {}) =>
      issuesOf(using.replace('send: pager', `send: ${name}`), changes).find(({ position }) => position?.line === 7)
        ?.hint
    expect(hint('pagr', { storedChannels: stored })).toBe('did you mean "pager"?')
    expect(hint('ops', { storedChannels: stored })).toBe('known channels: telegram, pager, hook')
    const flag = 'if the server has it in its store, say so by --stored-channel pager=KIND'
    expect(hint('pager')).toBe(`known channels: telegram; ${flag}`)
    expect(issuesOf(using)[0]?.hint).toContain(flag)
  })

  test('stand behind one of the file, which is told', () => {
    const [issue, ...rest] = issuesOf(`${base}routes: [{ name: r, steps: [{ send: telegram }] }]\n`, {
      storedChannels: new Map([['telegram', 'slack']]),
    })
    expect(rest).toEqual([])
    expect(issue).toMatchObject({
      code: 'overridden-channel',
      severity: 'warning',
      position: { line: 3, column: 3 },
      hint: 'mailtrigger channels delete telegram takes the other out of the store',
    })
  })

  test('a manager whom no file has may be stored, and only then', () => {
    expect(shortly(issuesOf(using, { storedChannels: stored, storedPeople: [] }))).toEqual(['unknown-person 6:56'])
  })
})
