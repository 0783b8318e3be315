import type { Channel, ChannelKind } from '../domain/channel.js'
import type { Config, Person } from '../domain/config.js'
import type { StoredChannel } from '../domain/stored-channel.js'
import type { StoredPerson } from '../domain/stored-person.js'
import type { KeyRing } from './server-key.js'
import { type OpenedChannel, openStoredChannel, placeBroken } from './stored-channel.js'

/** What people set up while the server runs, as the store has it. */
export interface StoredSetup {
  channels: readonly StoredChannel[]
  people: readonly StoredPerson[]
}

export interface SetupParts {
  ring: KeyRing
  kinds: readonly ChannelKind[]
  /** Stands in for every channel; null when channels are what they are. */
  inbox: ((name: string) => Channel) | null
}

/** The config that runs, and what became of each part of the setup in it. */
export interface MergedSetup {
  config: Config
  /** Every stored channel, by name; also one that a file's channel of the same name stands before. */
  stored: ReadonlyMap<string, OpenedChannel>
  /** What could not be taken over from stored people. */
  leftOut: LeftOut[]
}

/** An address, or a manager (`channel` is null), that does not hold. */
export interface LeftOut {
  person: string
  channel: string | null
  reason: string
}

/**
 * The files' config with what the store has beside it: what a file says stands before it, name by name and address by
 * address. What cannot be used is reported and holds up nothing else.
 */
export function mergeStored(files: Config, setup: StoredSetup, { ring, kinds, inbox }: SetupParts): MergedSetup {
  const opened = setup.channels.map((channel) => openStoredChannel(channel, ring, kinds))
  const channels: Config['channels'] = Object.assign(Object.create(null), files.channels)
  for (const { stored, channel } of opened) channels[stored.name] ??= channel
  const { people, leftOut } = mergePeople(files.people, setup.people, channels)
  for (const { stored, channel, problem } of opened) {
    if (Object.hasOwn(files.channels, stored.name)) continue
    if (problem !== null) channels[stored.name] = placeBroken(channel, people)
    if (inbox !== null) channels[stored.name] = inbox(stored.name)
  }
  const secrets = [...new Set([...files.secrets, ...opened.flatMap((one) => one.secrets)])]
  const stored = new Map(opened.map((one) => [one.stored.name, one]))
  return { config: { ...files, channels, people, secrets }, stored, leftOut }
}

function mergePeople(
  files: Config['people'],
  stored: readonly StoredPerson[],
  channels: Config['channels'],
): { people: Config['people']; leftOut: LeftOut[] } {
  const people: Config['people'] = Object.assign(Object.create(null), files)
  const leftOut: LeftOut[] = []
  for (const { address, name, manager, channels: addresses } of stored) {
    const known: Person | undefined = files[address]
    const merged: Record<string, string> = Object.create(null)
    for (const [channel, entered] of Object.entries(addresses)) {
      const read = readAddress(channel, entered.address, channels)
      if (read.reason === null) merged[channel] = read.address
      else if (!known?.channels[channel]) leftOut.push({ person: address, channel, reason: read.reason })
    }
    people[address] = {
      address,
      name: known?.name ?? name,
      manager: known?.manager ?? manager,
      channels: Object.assign(merged, known?.channels),
      quietHours: known?.quietHours ?? null,
    }
  }
  return { people: dropUnknownManagers(people, leftOut), leftOut }
}

function readAddress(
  channelName: string,
  entered: string,
  channels: Config['channels'],
): { address: string; reason: null } | { address: null; reason: string } {
  const channel = channels[channelName]
  if (!channel) return { address: null, reason: `there is no channel ${channelName} any more` }
  const { address, label } = channel.kind
  // Of a kind that is gone nobody can say what an address looks like; it waits for the kind to come back.
  if (!address) return { address: null, reason: `the channel ${channelName} has no addresses of people` }
  const read = address.schema.safeParse(entered)
  return read.success
    ? { address: read.data, reason: null }
    : { address: null, reason: `what is entered is no ${label} address: ${address.hint}` }
}

/** Of a file's people this was checked; of a stored person the manager may have been deleted since. */
function dropUnknownManagers(people: Config['people'], leftOut: LeftOut[]): Config['people'] {
  for (const person of Object.values(people)) {
    if (person.manager === null || people[person.manager]) continue
    leftOut.push({
      person: person.address,
      channel: null,
      reason: `the manager ${person.manager} is no person any more`,
    })
    people[person.address] = { ...person, manager: null }
  }
  return people
}
