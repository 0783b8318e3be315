import { describe, expect, it } from 'vitest'
import { tellCapReached } from '#src/engine/cap-notice.js'
import { planNotice } from '#src/engine/plan-notice.js'
import { makeConfig, tooMuch, withTemplate } from '../steps/step-fixture.js'
import { makeMessage, noon, openStore } from '../store/store-fixture.js'

describe('a notice', () => {
  const message = makeMessage()

  it.each<[string, string[], string[], string | null]>([
    ['goes to every channel with a destination of its own', ['ops', 'desk'], ['ops', 'desk'], null],
    ['goes to the inbox under the name of the gateway', ['inbox'], ['inbox mailtrigger@gateway.test'], null],
    ['passes over channels that need a recipient', ['telegram', 'desk'], ['desk'], null],
    [
      'goes to otherwise.send when nobody is reached',
      ['telegram'],
      ['ops'],
      'nobody is reached on telegram, which deliver to people',
    ],
    ['goes to otherwise.send when no channel is named', [], ['ops'], null],
    ['does not fail over a channel that is gone', ['gone', 'ops'], ['ops'], null],
  ])('%s', (_, channels, reached, flagged) => {
    const plan = planNotice(channels, message, makeConfig(), noon)
    const names = plan.deliveries.map(({ channel, recipient }) => [channel, recipient].filter(Boolean).join(' '))
    expect(names).toEqual(reached)
    expect(plan.flagged).toBe(flagged)
  })

  it('says in the message itself why otherwise.send hears of it', () => {
    const { deliveries } = planNotice(['telegram'], message, makeConfig(), noon)
    expect(deliveries[0]?.message.notes).toEqual(['nobody is reached on telegram, which deliver to people'])
  })
})

describe('a reached cap', () => {
  it('is told once a day, on another channel', async () => {
    const store = openStore()
    const config = makeConfig({ otherwise: { send: ['desk', 'ops'], reject: null } })
    const reached = { channel: 'desk', max: 500, config, now: noon }
    expect(await tellCapReached(store, reached)).toEqual(['ops'])
    expect(await tellCapReached(store, { ...reached, now: noon + 3_600_000 })).toEqual([])
    expect(await tellCapReached(store, { ...reached, now: noon + 86_400_000 })).toEqual(['ops'])
    const { items } = await store.listNotifications({ limit: 10 })
    expect(items.map(({ source, title, severity }) => [source, title, severity])).toEqual([
      ['system', 'channel desk has sent its 500 messages of today', 'warning'],
      ['system', 'channel desk has sent its 500 messages of today', 'warning'],
    ])
  })

  it('is told in the words of the channel', async () => {
    const store = openStore()
    const text = '{{ event }} of {{ route }}: {{ labels.channel }}'
    const config = withTemplate(makeConfig(), 'ops', { title: '[{{ severity }}] {{ title }}', text })
    await tellCapReached(store, { channel: 'desk', max: 500, config, now: noon })
    const [delivery] = (await store.listDeliveries({ limit: 10 })).items
    expect((await store.readDelivery(delivery?.id ?? ''))?.message).toMatchObject({
      title: '[warning] channel desk has sent its 500 messages of today',
      text: 'cap of mailtrigger: desk',
    })
  })

  it('is told as it is where the template fails, and says so', async () => {
    const store = openStore()
    const config = withTemplate(makeConfig(), 'ops', tooMuch)
    expect(await tellCapReached(store, { channel: 'desk', max: 500, config, now: noon })).toEqual(['ops'])
    const [notification] = (await store.listNotifications({ limit: 10 })).items
    expect(notification?.flagged).toMatch(/^the template of the channel ops failed: /)
    const [delivery] = (await store.listDeliveries({ limit: 10 })).items
    const message = (await store.readDelivery(delivery?.id ?? ''))?.message
    expect(message?.notes).toEqual([notification?.flagged])
    expect(message?.text).toMatch(/^What is left for it waits/)
  })

  it('is told on that very channel where there is no other', async () => {
    const config = makeConfig({ otherwise: { send: ['desk'], reject: null } })
    expect(await tellCapReached(openStore(), { channel: 'desk', max: 1, config, now: noon })).toEqual(['desk'])
  })
})
