import { channelKinds } from '#src/channels/index.js'
import type { Channel, ChannelKind, LinkAttempt, LinkOffer } from '#src/domain/channel.js'
import type { Config } from '#src/domain/config.js'
import type { Engine } from '#src/engine/engine.js'
import { createLinking } from '#src/engine/linking.js'
import { offerPeopleCalls } from '#src/engine/people-calls.js'
import { readSetup } from '#src/engine/setup.js'
import { mergeStored } from '#src/engine/stored-config.js'
import { makeEngine } from './engine-fixture.js'

export function makeChannel(
  name: string,
  kindName: string,
  changes: Partial<ChannelKind> = {},
  settings = {},
): Channel {
  const kind = channelKinds.find((known) => known.kind === kindName)
  if (!kind) throw new Error(`there is no kind ${kindName}`)
  const limits = { rate: null, perDayMax: null, retryMs: null, retryWindowMs: null }
  return { name, kind: { ...kind, ...changes }, settings, destination: null, limits, template: null }
}

/** The calls about people on a real store, which is merged with the config as the engine does it. */
export async function makePeopleEngine(changes: Partial<Config> = {}) {
  const offers: LinkOffer[] = []
  const link: ChannelKind['link'] = async (_, code) =>
    offers.shift() ?? { ok: true, url: `https://t.me/x?start=${code}` }
  const listenKey = (settings: unknown) => JSON.stringify(settings)
  const channels: Config['channels'] = Object.assign(Object.create(null), {
    telegram: makeChannel('telegram', 'telegram', { link, listenKey }, { bot: 1 }),
    nights: makeChannel('nights', 'telegram', { link, listenKey }, { bot: 1 }),
    other: makeChannel('other', 'telegram', { link, listenKey }, { bot: 2 }),
    team: { ...makeChannel('team', 'telegram', { link, listenKey }, { bot: 1 }), destination: '-100' },
    push: makeChannel('push', 'webpush'),
    inbox: makeChannel('inbox', 'inbox'),
  })
  const base = await makeEngine({ channels, ...changes })
  const { store, clock, engine: given, config: files } = base
  const merge = async () => {
    const parts = { ring: given.keys.ring(), kinds: channelKinds, inbox: null }
    return { files, ...mergeStored(files, await readSetup(store), parts) }
  }
  let current = await merge()
  const listened: string[][] = []
  const told: string[] = []
  const takeStored = async (): Promise<void> => {
    current = await merge()
  }
  const linking = createLinking({
    ...given,
    current: () => current,
    takeStored,
    listenAnew: async () => void listened.push(await linking.listChannels()),
    log: (_, message) => void told.push(message),
  })
  const engine = {
    ...given,
    linking,
    current: () => current,
    outbound: { fetch },
    listeners: { whenTried: async () => undefined, problem: () => null },
    async changeSetup<Result>(change: () => Promise<Result>): Promise<Result> {
      const result = await change()
      await takeStored()
      return result
    },
  } as unknown as Engine
  const calls = offerPeopleCalls(engine)
  const hear = (heardBy: string, attempt: Partial<LinkAttempt>): Promise<string | null> => {
    const channel = current.config.channels[heardBy]
    if (!channel) throw new Error(`there is no channel ${heardBy}`)
    const whole = { code: null, address: '42', isShared: false, by: 'telegram:Tim', ...attempt }
    return linking.hear(channel, whole, new AbortController().signal)
  }
  return { engine, calls, store, clock, linking, listened, offers, told, hear, config: () => current.config }
}
