import { describe, expect, it } from 'vitest'
import type { PersonChange } from '#src/engine/change-person.js'
import { readAudit } from './engine-fixture.js'
import { makePeopleEngine } from './people-fixture.js'

const actor = 'cli:root'
const tim = 'tim@y.example'
const boss = 'boss@y.example'
const eve = 'eve@y.example'

const subscription = JSON.stringify({
  endpoint: 'https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV',
  keys: {
    p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
    auth: 'BTBZMqHH6r4Tts7J_aSIgg',
  },
})

describe('people', () => {
  it('are those of the files, of groups and those entered, page by page', async () => {
    const { calls } = await makePeopleEngine({ groups: { devs: [tim, 'only-in-group@y.example'] } })
    await calls.setPerson(eve, { name: 'Eve "E" O\'Brien' }, actor)
    const first = await calls.listPeople({ limit: 3 })
    expect(first.items.map(({ address }) => address)).toEqual([boss, eve, 'jolin@y.example'])
    const second = await calls.listPeople({ limit: 3, cursor: first.next_cursor ?? '' })
    expect(second.items.map(({ address }) => address)).toEqual(['only-in-group@y.example', tim, 'twin@y.example'])
    expect(second.next_cursor).toBeNull()
    expect(second.items[0]).toMatchObject({ origin: 'file', groups: ['devs'], channels: [] })
    expect(first.items[1]).toMatchObject({ origin: 'entry', name: 'Eve "E" O\'Brien', changed_by: actor })
  })

  it.each([
    ['EVE', [eve]],
    ["o'brien", [eve]],
    ['boss@', [boss, 'jolin@y.example', tim]],
    ['devs', ['jolin@y.example', tim]],
    ['nobody at all', []],
  ])('are found by %j', async (search, found) => {
    const { calls } = await makePeopleEngine()
    await calls.setPerson(eve, { name: "O'Brien" }, actor)
    const { items } = await calls.listPeople({ limit: 10, search })
    expect(items.map(({ address }) => address)).toEqual(found)
  })

  it('who are asked for and unknown are not there, and what is no address is none', async () => {
    const { calls } = await makePeopleEngine()
    await expect(calls.readPerson('nobody@y.example')).rejects.toMatchObject({ status: 404 })
    await expect(calls.readPerson('__proto__')).rejects.toMatchObject({ status: 400 })
    expect(await calls.readPerson('TIM@Y.example')).toMatchObject({ address: tim })
  })
})

describe('a change', () => {
  it('fills in what the file does not say, in force at once, and is recorded without addresses', async () => {
    const { calls, config, store } = await makePeopleEngine()
    const line = await calls.setPerson(tim, { name: 'Tim', channels: { nights: '77:3' } }, actor)
    expect(line).toMatchObject({ name: 'Tim', manager: boss, fixed: ['manager'] })
    expect(line.channels).toEqual([
      { channel: 'nights', kind: 'telegram', address: '77:3', origin: 'entry', at: expect.any(String), problem: null },
      { channel: 'telegram', kind: 'telegram', address: '111', origin: 'file', at: null, problem: null },
    ])
    expect(config().people[tim]).toMatchObject({ name: 'Tim', channels: { telegram: '111', nights: '77:3' } })
    const { items } = await store.listAudit({ limit: 1 })
    expect(items[0]).toMatchObject({
      action: 'person.set',
      subjects: [tim],
      detail: { name: 'Tim', channels: ['nights'] },
    })
  })

  it('takes away what is null, and keeps what is not named', async () => {
    const { calls } = await makePeopleEngine()
    await calls.setPerson(eve, { name: 'Eve', manager: boss, channels: { telegram: '1', other: '2' } }, actor)
    const line = await calls.setPerson(eve, { manager: null, channels: { other: null } }, actor)
    expect(line).toMatchObject({ name: 'Eve', manager: null, channels: [{ channel: 'telegram', address: '1' }] })
  })

  it('as a whole takes away what is not named, but never what the file says', async () => {
    const { calls } = await makePeopleEngine()
    await calls.setPerson(tim, { name: 'Tim', channels: { nights: '1', other: '2' } }, actor)
    const line = await calls.replacePerson(tim, { channels: { nights: '1', telegram: '111' } }, actor)
    expect(line).toMatchObject({ name: null, manager: boss })
    expect(line.channels.map(({ channel, address }) => `${channel} ${address}`)).toEqual(['nights 1', 'telegram 111'])
  })

  it('that changes nothing is not recorded', async () => {
    const { calls, store } = await makePeopleEngine()
    await calls.setPerson(eve, { name: 'Eve', channels: { telegram: '1' } }, actor)
    await calls.setPerson(eve, { name: 'Eve', channels: { telegram: '1', other: null } }, actor)
    await calls.setPerson(eve, {}, actor)
    expect(await readAudit(store)).toEqual([`${actor} person.set ${eve}`])
  })

  it.each<[string, string, PersonChange, number, RegExp]>([
    ['an address the file has', tim, { channels: { telegram: '9' } }, 409, /stands in a file/],
    ['to take that away', tim, { channels: { telegram: null } }, 409, /stands in a file/],
    ['a manager the file has', tim, { manager: 'twin@y.example' }, 409, /the manager of tim@y.example/],
    ['an unknown channel', eve, { channels: { telegramm: '1' } }, 400, /no channel "telegramm"/],
    [
      'a channel that is no name',
      eve,
      { channels: { ['__proto__']: '1' } as Record<string, string> },
      400,
      /no channel/,
    ],
    ['an address the kind refuses', eve, { channels: { telegram: 'x"y' } }, 400, /is no Telegram address/],
    ['a subscription without keys', eve, { channels: { push: '{"endpoint":"s3cret"}' } }, 400, /^this is no Web Push/],
    ['an address of a channel without any', eve, { channels: { inbox: '1' } }, 400, /no addresses of people/],
    ['an unknown manager', eve, { manager: 'bos@y.example' }, 400, /is not in people/],
    ['the person as their own manager', eve, { manager: eve }, 400, /own manager/],
    ['a circle of managers', boss, { manager: tim }, 400, /is above tim@y.example already/],
    ['a name of two lines', eve, { name: 'a\nb' }, 400, /one line/],
    ['no mail address', 'eve', { name: 'Eve' }, 400, /no mail address/],
  ])('refuses %s', async (_, address, change, status, message) => {
    const { calls, store } = await makePeopleEngine()
    const given = Object.fromEntries(Object.entries(change))
    const refused = calls.setPerson(address, given, actor)
    await expect(refused).rejects.toMatchObject({ status, message: expect.stringMatching(message) })
    expect(await store.listStoredPeople()).toEqual([])
  })

  it('says where to change what a file says, and lets the same be said again', async () => {
    const { calls } = await makePeopleEngine()
    const refused = calls.setPerson(tim, { manager: null }, actor)
    await expect(refused).rejects.toMatchObject({ hint: expect.stringContaining('/etc/mailtrigger/routes.yaml') })
    expect(
      await calls.setPerson(tim, { manager: boss.toUpperCase(), channels: { telegram: '111' } }, actor),
    ).toMatchObject({ changed_at: null })
  })

  it('shows of a capability only where it leads', async () => {
    const { calls } = await makePeopleEngine()
    const line = await calls.setPerson(eve, { channels: { push: subscription } }, actor)
    expect(line.channels[0]).toMatchObject({ channel: 'push', address: 'push.example.net' })
  })

  it('that a link overtook keeps both', async () => {
    const { calls, engine, hear } = await makePeopleEngine()
    await calls.setPerson(eve, { name: 'Eve' }, actor)
    const { code } = await calls.linkPerson(eve, 'telegram', null, actor)
    const { changeSetup } = engine
    engine.changeSetup = async (change) => {
      engine.changeSetup = changeSetup
      await hear('telegram', { code })
      return changeSetup(change)
    }
    const line = await calls.setPerson(eve, { channels: { other: '5' } }, actor)
    expect(line.channels.map(({ channel, origin }) => `${channel} ${origin}`)).toEqual(['other entry', 'telegram link'])
  })
})

describe('what is entered for a channel that is gone', () => {
  it('stays, and says that it is not in force', async () => {
    const { calls, store, config } = await makePeopleEngine()
    const stored = { address: '5', by: 'entry' as const, at: 1 }
    const facts = { name: null, manager: null, changedAt: 1, changedBy: actor }
    await store.saveStoredPerson({ address: eve, channels: { gone: stored, telegram: stored }, ...facts }, null)
    const line = await calls.setPerson(eve, { name: 'Eve' }, actor)
    expect(line.channels[0]).toMatchObject({ channel: 'gone', kind: null, address: '•••', problem: expect.any(String) })
    expect(config().people[eve]?.channels).toEqual({ telegram: '5' })
  })
})

describe('a person who is deleted', () => {
  it('is gone, and it is recorded', async () => {
    const { calls, store, config } = await makePeopleEngine()
    await calls.setPerson(eve, { name: 'Eve' }, actor)
    await calls.deletePerson(eve, actor)
    expect(config().people[eve]).toBeUndefined()
    await expect(calls.deletePerson(eve, actor)).rejects.toMatchObject({ status: 404 })
    expect((await readAudit(store)).at(-1)).toBe(`${actor} person.delete ${eve}`)
  })

  it.each([
    ['somebody of the file', tim, /stands in a file/],
    ['somebody of a group alone', 'only-in-group@y.example', /the group devs/],
    ['somebody’s manager', eve, /is the manager of others/],
  ])('cannot be %s', async (_, address, message) => {
    const { calls } = await makePeopleEngine({ groups: { devs: ['only-in-group@y.example'] } })
    await calls.setPerson(eve, { name: 'Eve' }, actor)
    await calls.setPerson('jo@y.example', { manager: eve }, actor)
    const refused = calls.deletePerson(address, actor)
    await expect(refused).rejects.toMatchObject({ status: 409, message: expect.stringMatching(message) })
  })
})
