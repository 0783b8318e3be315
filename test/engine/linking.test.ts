import { describe, expect, it } from 'vitest'
import { limitReplies } from '#src/engine/limit-replies.js'
import { noon } from '../store/store-fixture.js'
import { readAudit } from './engine-fixture.js'
import { makePeopleEngine } from './people-fixture.js'

const actor = 'cli:root'
const boss = 'boss@y.example'
const twin = 'twin@y.example'
const hourMs = 3_600_000
const isOver = 'This link was used, or is over. Ask for a new one.'

describe('a link', () => {
  it('works once, for an hour, for whoever opens it first', async () => {
    const { calls, hear, config, store, linking } = await makePeopleEngine()
    const link = await calls.linkPerson(boss, 'telegram', null, actor)
    expect(link).toMatchObject({ person: boss, channel: 'telegram', problem: null })
    expect(link.url).toBe(`https://t.me/x?start=${link.code}`)
    expect(link.code).toMatch(/^[\w-]{32}$/)
    expect(Date.parse(link.expires_at)).toBe(noon + hourMs)
    expect(await hear('telegram', { code: link.code })).toBe(`This chat now gets the alerts of ${boss}.`)
    expect(config().people[boss]?.channels).toEqual({ telegram: '42' })
    expect(await hear('telegram', { code: link.code, address: '666' })).toBe(isOver)
    expect(config().people[boss]?.channels).toEqual({ telegram: '42' })
    expect((await readAudit(store)).slice(-2)).toEqual([
      `${actor} person.link_offer ${boss} telegram`,
      `telegram:Tim person.link ${boss} telegram`,
    ])
    expect(JSON.stringify(await store.listAudit({ limit: 10 }))).not.toContain(link.code)
    linking.stop()
  })

  it('is told to be over, and not to be asked for again, where it worked', async () => {
    const { calls, hear, linking } = await makePeopleEngine()
    const { code } = await calls.linkPerson(boss, 'telegram', null, actor)
    await hear('telegram', { code })
    expect(await hear('telegram', { code })).toBe(`This chat gets the alerts of ${boss}. The link is over.`)
    linking.stop()
  })

  it('is heard by any channel of the same bot, and by no other', async () => {
    const { calls, hear, config, linking } = await makePeopleEngine()
    const { code } = await calls.linkPerson(boss, 'nights', null, actor)
    expect(await hear('other', { code })).toBe(isOver)
    expect(await hear('telegram', { code, address: '43' })).toContain('now gets the alerts')
    expect(config().people[boss]?.channels).toEqual({ nights: '43' })
    linking.stop()
  })

  it('is over after its time, and when a new one is made', async () => {
    const { calls, hear, clock, linking } = await makePeopleEngine()
    const old = await calls.linkPerson(boss, 'telegram', null, actor)
    const { code } = await calls.linkPerson(boss, 'telegram', null, actor)
    expect(await hear('telegram', { code: old.code, address: '1' })).toBe(isOver)
    clock.now += hourMs
    expect(await hear('telegram', { code, address: '2' })).toBe(isOver)
    linking.stop()
  })

  it('of each of two people is their own, also into one chat', async () => {
    const { calls, hear, config, linking } = await makePeopleEngine()
    const his = await calls.linkPerson(boss, 'telegram', null, actor)
    const hers = await calls.linkPerson(twin, 'nights', null, actor)
    await hear('telegram', { code: hers.code })
    await hear('telegram', { code: his.code })
    expect(config().people[boss]?.channels).toEqual({ telegram: '42' })
    expect(config().people[twin]?.channels).toEqual({ telegram: '111', nights: '42' })
    linking.stop()
  })

  it.each([
    ['forged', { code: 'A'.repeat(32) }, isOver],
    ['without a code', { code: null }, 'To get alerts here, ask whoever runs MailTrigger for a link, and open it.'],
    ['in a group', { isShared: true }, /with me alone/],
  ])('%s links nobody', async (_, attempt, words) => {
    const { calls, hear, config, linking } = await makePeopleEngine()
    const { code } = await calls.linkPerson(boss, 'telegram', null, actor)
    expect(await hear('telegram', { code, ...attempt })).toMatch(words)
    expect(config().people[boss]?.channels).toEqual({})
    expect(await hear('telegram', { code, address: '43' })).toContain('now gets the alerts')
    linking.stop()
  })

  it('loses against a file that names an address meanwhile', async () => {
    const { calls, hear, engine, store, linking } = await makePeopleEngine()
    const { code } = await calls.linkPerson(boss, 'telegram', null, actor)
    Object.assign(engine.current().files.people[boss]?.channels ?? {}, { telegram: '9' })
    expect(await hear('telegram', { code })).toMatch(/stands in a file/)
    expect(await store.listStoredPeople()).toEqual([])
    Reflect.deleteProperty(engine.current().files.people[boss]?.channels ?? {}, 'telegram')
    linking.stop()
  })

  it('keeps its channel listening until it would be over, used or not', async () => {
    const { calls, hear, clock, linking } = await makePeopleEngine()
    expect(await linking.listChannels()).toEqual([])
    const { code } = await calls.linkPerson(boss, 'telegram', null, actor)
    expect(await linking.listChannels()).toEqual(['telegram'])
    await hear('telegram', { code })
    expect(await linking.listChannels()).toEqual(['telegram'])
    clock.now += hourMs
    expect(await linking.listChannels()).toEqual([])
    linking.stop()
  })

  it.each<[string, string, string, number, RegExp]>([
    ['nobody knows', 'nobody@y.example', 'telegram', 404, /nobody is known/],
    ['has an address in the file', 'tim@y.example', 'telegram', 409, /stands in a file/],
  ])('is not made for somebody who %s', async (_, person, channel, status, message) => {
    const { calls, linking } = await makePeopleEngine()
    const refused = calls.linkPerson(person, channel, null, actor)
    await expect(refused).rejects.toMatchObject({ status, message: expect.stringMatching(message) })
    expect(await linking.listChannels()).toEqual([])
  })

  it.each<[string, string, number, RegExp]>([
    ['is not there', 'telegramm', 404, /no channel/],
    ['nobody can link themself to', 'push', 409, /nobody can link/],
    ['has a place of its own', 'team', 409, /delivers to -100/],
  ])('is not made for a channel that %s', async (_, channel, status, message) => {
    const { calls } = await makePeopleEngine()
    const refused = calls.linkPerson(boss, channel, null, actor)
    await expect(refused).rejects.toMatchObject({ status, message: expect.stringMatching(message) })
  })

  it.each([
    [true, 409],
    [false, 503],
  ])('that the vendor cannot offer (for good: %j) ends none that is open', async (isClear, status) => {
    const { calls, hear, offers, linking } = await makePeopleEngine({ secrets: ['s3cret-token'] })
    const { code } = await calls.linkPerson(boss, 'telegram', null, actor)
    offers.push({ ok: false, problem: 'the token s3cret-token is wrong', isClear })
    const refused = calls.linkPerson(boss, 'telegram', null, actor)
    await expect(refused).rejects.toMatchObject({ status, message: expect.stringContaining('the token ••• is wrong') })
    expect(await hear('telegram', { code })).toContain('now gets the alerts')
    linking.stop()
  })

  it.each([0, 999, 24 * hourMs + 1, Number.NaN, 1.5])('is not valid for %d ms', async (validMs) => {
    const { calls } = await makePeopleEngine()
    await expect(calls.linkPerson(boss, 'telegram', validMs, actor)).rejects.toMatchObject({ status: 400 })
  })
})

describe('a flood of messages', () => {
  it('costs one answer a minute and chat, and thirty in all', () => {
    const clock = { now: noon }
    const mayReply = limitReplies(() => clock.now)
    expect([mayReply('1'), mayReply('1'), mayReply('2')]).toEqual([true, false, true])
    expect(Array.from({ length: 100 }, (_, at) => mayReply(`chat ${at}`)).filter(Boolean)).toHaveLength(28)
    clock.now += 60_000
    expect(mayReply('1')).toBe(true)
    clock.now -= 120_000
    expect(mayReply('1')).toBe(true)
  })

  it('does not keep a good link from working', async () => {
    const { calls, hear, linking } = await makePeopleEngine()
    const { code } = await calls.linkPerson(boss, 'telegram', null, actor)
    expect(await hear('telegram', {})).not.toBeNull()
    expect(await hear('telegram', { code: 'forged' })).toBeNull()
    expect(await hear('telegram', {})).toBeNull()
    expect(await hear('telegram', { code })).toContain('now gets the alerts')
    linking.stop()
  })
})
