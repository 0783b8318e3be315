import { channelKinds } from '../channels/index.js'
import type { Config } from '../domain/config.js'
import { StoreError } from '../domain/errors.js'
import type { SetupStore } from '../store/setup-store.js'
import type { Store } from '../store/store.js'
import type { EngineLog } from './engine.js'
import { type ConfigSource, inboxChannel, type NamesInStore } from './load-config.js'
import type { KeyRing } from './server-key.js'
import { sealAnew, unusableWords } from './stored-channel.js'
import { type MergedSetup, mergeStored, type StoredSetup } from './stored-config.js'

/** What people set up while the server runs, as it is now. */
export async function readSetup(store: SetupStore): Promise<StoredSetup> {
  return { channels: await store.listStoredChannels(), people: await store.listStoredPeople() }
}

/** What files may refer to because the store has it. */
export function namesOfSetup({ channels, people }: StoredSetup): NamesInStore {
  return {
    storedChannels: new Map(channels.map(({ name, kind }) => [name, kind])),
    storedPeople: people.map(({ address }) => address),
  }
}

interface TakeSetupParts {
  ring: KeyRing
  source: Pick<ConfigSource, 'inboxOnly'>
  log: EngineLog
  /** What ran before, of which everything was said. */
  before?: Pick<MergedSetup, 'stored' | 'leftOut'> | null
}

/** Takes the setup into the config that the files make, and says what cannot be used of it. */
export function takeSetup(
  files: Config,
  setup: StoredSetup,
  { ring, source, log, before }: TakeSetupParts,
): MergedSetup {
  const inbox = source.inboxOnly ? inboxChannel : null
  const merged = mergeStored(files, setup, { ring, kinds: channelKinds, inbox })
  for (const [channel, { problem }] of merged.stored) {
    if (problem !== null && problem !== before?.stored.get(channel)?.problem)
      log('warn', `channel ${channel} cannot be used: ${problem}`, { channel })
  }
  const known = new Set(before?.leftOut.map((one) => JSON.stringify(one)))
  for (const one of merged.leftOut) {
    if (known.has(JSON.stringify(one))) continue
    const { person, channel, reason } = one
    log('warn', `an entry of ${person} is left out: ${reason}`, { person, channel })
  }
  return merged
}

/** What waited only because a channel could not be used goes out when it can; other pauses stay. */
export async function resumeMended(
  store: Pick<Store, 'readChannelPause'>,
  deliveries: { resume: (channel: string) => Promise<void> },
  stored: MergedSetup['stored'],
): Promise<void> {
  for (const [channel, { problem }] of stored) {
    if (problem !== null) continue
    const pause = await store.readChannelPause(channel)
    if (pause?.reason.startsWith(unusableWords)) await deliveries.resume(channel)
  }
}

/**
 * Seals everything that a former key opens under the current one, all of it or nothing; how many channels that were.
 * After a kill in the middle, everything still opens with the former key.
 */
export async function resealSetup(store: SetupStore, ring: KeyRing): Promise<number> {
  const resealed = sealAnew(await store.listStoredChannels(), ring)
  if (resealed.length === 0) return 0
  const isSaved = await store.saveStoredChannels(resealed.map((channel) => ({ channel, before: channel.changedAt })))
  if (!isSaved) throw new StoreError('channels changed while they were sealed anew: try again')
  return resealed.length
}
