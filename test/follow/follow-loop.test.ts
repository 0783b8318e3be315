import { afterEach, expect, it } from 'vitest'
import type { Config } from '#src/domain/config.js'
import type { NewNotification } from '#src/domain/delivery.js'
import type { NoiseControl } from '#src/domain/notification.js'
import type { DigestPlan } from '#src/follow/digest-plan.js'
import { FollowLoop } from '#src/follow/follow-loop.js'
import { wordNotification } from '#src/steps/word-deliveries.js'
import type { Store } from '#src/store/store.js'
import { makeConfig, tooMuch, withTemplate } from '../steps/step-fixture.js'
import { makeDelivery, makeFolder, makeMessage, makeNotification, noon, openStore } from '../store/store-fixture.js'
import { routeMails } from './follow-fixture.js'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const loops: FollowLoop[] = []
afterEach(async () => {
  for (const loop of loops.splice(0)) await loop.stop()
})

it('lets go what was held long enough, at its time and not before, also after a restart', async () => {
  const clock = { now: noon }
  const folder = makeFolder()
  const store = openStore(folder)
  await routeMails(store, [held('db1', noon + 30 * minuteMs)], noon)
  const { loop, woken } = startLoop(store, clock)
  await look(loop)
  expect(await statuses(store)).toEqual([['queued', null]])

  await loop.stop()
  await store.close()
  const reopened = openStore(folder)
  const second = startLoop(reopened, clock)
  clock.now = noon + 30 * minuteMs - 1
  await look(second.loop)
  expect(woken).toEqual([])
  expect(second.woken).toEqual([])
  clock.now += 1
  await look(second.loop)
  expect(second.woken).toEqual(['ops'])
  expect(await statuses(reopened)).toEqual([['queued', new Date(clock.now).toISOString()]])
})

it('lets go thousands in one turn', async () => {
  const clock = { now: noon }
  const store = openStore()
  const many = Array.from({ length: 450 }, (_, at) => held(`host${at}`, noon + minuteMs))
  await routeMails(store, many, noon)
  const { loop } = startLoop(store, clock)
  clock.now = noon + minuteMs
  await look(loop)
  expect((await store.listNotifications({ limit: 500 })).items.filter((line) => line.waits_until !== null)).toEqual([])
  expect(await store.nextFollowUpAt()).toBeNull()
})

it('sends one digest of what was gathered, at its time, also after a restart', async () => {
  const clock = { now: noon }
  const folder = makeFolder()
  const store = openStore(folder)
  await routeMails(store, [gathered('first'), gathered('second')], noon)
  const before = startLoop(store, clock)
  await look(before.loop)
  await before.loop.stop()
  await store.close()

  const reopened = openStore(folder)
  clock.now = noon + hourMs
  const { loop, woken } = startLoop(reopened, clock)
  await look(loop)
  const { items } = await reopened.listNotifications({ limit: 10 })
  expect(items.map(({ source, title, status }) => [source, title, status])).toEqual([
    ['digest', '2 alerts of Monit (db1)', 'queued'],
    ['mail', 'second', 'queued'],
    ['mail', 'first', 'queued'],
  ])
  expect((await reopened.listDeliveries({ limit: 10 })).items.map(({ title }) => title)).toEqual([
    '2 alerts of Monit (db1)',
  ])
  expect(woken).toEqual(['ops'])
  await look(loop)
  expect((await reopened.listNotifications({ limit: 10 })).items).toHaveLength(3)
})

it('sends an empty digest when asked to, to whom the last one went, and at the next time again', async () => {
  const clock = { now: noon }
  const store = openStore()
  await routeMails(store, [gathered('first')], noon)
  const plan: DigestPlan = { schedule: { type: 'every', everyMs: hourMs }, sendEmpty: true }
  const { loop } = startLoop(store, clock, plan)
  for (const hours of [1, 2, 3]) {
    clock.now = noon + hours * hourMs
    await look(loop)
  }
  const titles = (await store.listDeliveries({ limit: 10 })).items.map(({ title }) => title)
  expect(titles).toEqual(['nothing of Monit (db1)', 'nothing of Monit (db1)', '1 alert of Monit (db1)'])
})

it('sends nothing when nothing came and nobody asked', async () => {
  const clock = { now: noon }
  const store = openStore()
  await store.keepDigest('Monit', 'db1', noon + hourMs)
  const { loop } = startLoop(store, clock, { schedule: { type: 'every', everyMs: hourMs }, sendEmpty: false })
  clock.now = noon + hourMs
  await look(loop)
  expect((await store.listNotifications({ limit: 10 })).items).toEqual([])
  expect(await store.nextFollowUpAt()).toBeNull()
})

it('tries a digest that could not be kept again, and keeps the others to their time meanwhile', async () => {
  const clock = { now: noon }
  const store = openStore()
  await routeMails(store, [gathered('broken', 'a'), gathered('well', 'b')], noon)
  const failing = { left: 3 }
  const disturbed: Store = {
    ...store,
    async commitDigest(digest) {
      if (digest.key === 'a' && failing.left-- > 0) throw new Error('the disk is full')
      return store.commitDigest(digest)
    },
  }
  const { loop, logged } = startLoop(disturbed, clock)
  clock.now = noon + hourMs
  await look(loop)
  expect(await titlesOfDigests(store)).toEqual(['1 alert of Monit (b)'])
  for (let turns = 0; turns < 3; turns++) await look(loop)
  expect(await titlesOfDigests(store)).toEqual(['1 alert of Monit (a)', '1 alert of Monit (b)'])
  expect(logged).toHaveLength(3)
  expect(logged[0]).toContain('tried again')
})

it('gives what did not fit into one digest another one, and loses none', async () => {
  const clock = { now: noon }
  const store = openStore()
  await routeMails(
    store,
    Array.from({ length: 1_200 }, (_, at) => gathered(`alert ${at}`)),
    noon,
  )
  const { loop } = startLoop(store, clock)
  clock.now = noon + hourMs
  for (let turns = 0; turns < 4; turns++) {
    await look(loop)
    clock.now += 1_000
  }
  const titles = await titlesOfDigests(store)
  const counted = titles.map((title) => Number(title.split(' ')[0]))
  expect(counted.reduce((sum, count) => sum + count, 0)).toBe(1_200)
  expect(await store.nextFollowUpAt()).toBeNull()
})

it('goes on after the store failed', async () => {
  const clock = { now: noon }
  const store = openStore()
  await routeMails(store, [held('db1', noon + minuteMs)], noon)
  let isDown = true
  const disturbed: Store = {
    ...store,
    async releaseHolds(now, limit) {
      if (isDown) throw new Error('the disk is gone')
      return store.releaseHolds(now, limit)
    },
  }
  const { loop, logged, woken } = startLoop(disturbed, clock)
  clock.now = noon + minuteMs
  await look(loop)
  expect(logged).toEqual(['cannot let go what waits: the disk is gone'])
  isDown = false
  await look(loop)
  expect(woken).toEqual(['ops'])
})

it.each([
  ['by the template of its channel', { title: '{{ route }}, {{ event }}', text: '{{ text | newline_to_br }}' }],
  ['as it is where that fails', tooMuch],
])('says a digest %s', async (_, template) => {
  const clock = { now: noon }
  const store = openStore()
  await routeMails(store, [gathered('first'), gathered('second')], noon)
  const { loop } = startLoop(store, clock, null, withTemplate(makeConfig(), 'ops', template))
  clock.now = noon + hourMs
  await look(loop)
  const [delivery] = (await store.listDeliveries({ limit: 10 })).items
  const message = (await store.readDelivery(delivery?.id ?? ''))?.message
  const [digest] = (await store.listNotifications({ limit: 10 })).items.filter(({ source }) => source === 'digest')
  expect(digest?.title).toMatch(/^2 alerts of /)
  if (template === tooMuch) {
    expect(message?.title).toBe(digest?.title)
    expect(message?.text).toMatch(/first\n.*second$/)
    expect(digest?.flagged).toMatch(/^the template of the channel ops failed: /)
    expect(message?.notes).toEqual([digest?.flagged])
  } else {
    expect(message).toMatchObject({ title: `${digest?.route}, digest`, notes: [] })
    expect(message?.text).toMatch(/first<br \/>\n.*second$/)
    expect(digest?.flagged).toBeNull()
  }
})

it('does nothing more once it is stopped', async () => {
  const clock = { now: noon }
  const store = openStore()
  await routeMails(store, [held('db1', noon + minuteMs)], noon)
  const { loop, woken } = startLoop(store, clock)
  await loop.stop()
  clock.now = noon + hourMs
  await look(loop)
  expect(woken).toEqual([])
})

function startLoop(
  store: Store,
  clock: { now: number },
  plan: DigestPlan | null = null,
  config: Config = makeConfig(),
) {
  const woken: string[] = []
  const logged: string[] = []
  const loop = new FollowLoop({
    store,
    digestPlan: () => plan,
    word: async (notification) => (await wordNotification(notification, config)).notification,
    wakeDeliveries: (channels) => woken.push(...channels),
    now: () => clock.now,
    log: (_, message, facts) => logged.push(`${message}: ${facts.error}`),
  })
  loops.push(loop)
  return { loop, woken, logged }
}

async function look(loop: FollowLoop): Promise<void> {
  loop.wake()
  await loop.idle()
}

function held(key: string, until: number): NewNotification {
  const hold: NoiseControl['hold'] = { key, happenedAt: noon, forMs: until - noon, until }
  return makeNotification([makeDelivery()], { fingerprint: key, control: { dedupe: null, digest: null, hold } })
}

function gathered(title: string, key = 'db1'): NewNotification {
  const message = makeMessage({ title })
  const digest = { key, dueAt: noon + hourMs }
  return makeNotification([makeDelivery({ message })], {
    route: 'Monit',
    fingerprint: title,
    message,
    control: { dedupe: null, hold: null, digest },
  })
}

async function statuses(store: Store) {
  const { items } = await store.listDeliveries({ limit: 10 })
  return items.map(({ status, next_attempt_at }) => [status, next_attempt_at])
}

async function titlesOfDigests(store: Store): Promise<string[]> {
  const { items } = await store.listNotifications({ limit: 500 })
  return items
    .filter(({ source }) => source === 'digest')
    .map(({ title }) => title)
    .sort()
}
