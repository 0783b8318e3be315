import { isMailAddress } from '../config/schema/values.js'
import { suggestionHint } from '../config/suggest.js'
import type { Config, Person } from '../domain/config.js'
import { ApiError } from '../domain/errors.js'
import type { StoredAddress, StoredPerson } from '../domain/stored-person.js'
import type { PeopleSources } from './known-people.js'

const nameLengthMax = 200
const addressLengthMax = 4_000
const channelsMax = 50

/** What is absent stays as it is, and null takes it away. */
export interface PersonChange {
  name?: string | null | undefined
  manager?: string | null | undefined
  /** By channel. */
  channels?: Record<string, string | null> | undefined
}

/** Mail addresses name people in lower case. Throws `ApiError`. */
export function readPersonAddress(given: string): string {
  const address = given.trim().toLowerCase()
  if (isMailAddress(address)) return address
  throw new ApiError(400, 'bad_request', `${quote(given)} is no mail address`, 'people are named by name@example.com')
}

/**
 * What is to be kept of a person after a change. Throws `ApiError`: 409 where a file says otherwise, 400 for what cannot
 * be.
 */
export function changePerson(
  address: string,
  change: PersonChange,
  by: { actor: string; now: number },
  sources: PeopleSources,
): StoredPerson {
  const { stored, files } = sources
  const before = stored.find((person) => person.address === address) ?? null
  const { name, manager, channels } = withoutRepeats(address, change, files)
  return {
    address,
    name: name === undefined ? (before?.name ?? null) : readName(name),
    manager: manager === undefined ? (before?.manager ?? null) : readManager(address, manager, sources),
    channels: changeChannels(before?.channels ?? {}, channels, by.now, sources.merged),
    changedAt: Math.max(by.now, (before?.changedAt ?? 0) + 1),
    changedBy: by.actor,
  }
}

/** To say what a file says anyway changes nothing; to say something else is refused. */
function withoutRepeats(address: string, change: PersonChange, files: Config): PersonChange {
  const inFile: Person | undefined = files.people[address]
  const isSaid = (what: string, said: string | null | undefined, wanted: string | null): boolean => {
    if (said === null || said === undefined) return false
    if (said === wanted) return true
    throw refuseFixed(`the ${what} of ${address}`, files)
  }
  const { name, manager } = change
  const channels = Object.entries(change.channels ?? {}).filter(
    ([channel, wanted]) => !isSaid(`address of ${channel}`, inFile?.channels[channel], wanted),
  )
  return {
    name: name !== undefined && isSaid('name', inFile?.name, name) ? undefined : name,
    manager: manager !== undefined && isSaid('manager', inFile?.manager, lower(manager)) ? undefined : manager,
    channels: Object.fromEntries(channels),
  }
}

/** @param what that stands in a file: `the name of tim@example.com` */
export function refuseFixed(what: string, { files }: Pick<Config, 'files'>): ApiError {
  const places = files.slice(0, 3).join(', ')
  return new ApiError(409, 'in_file', `${what} stands in a file, which goes before what is entered`, `change ${places}`)
}

function readName(given: string | null): string | null {
  const name = given?.trim() || null
  if (name === null || (name.length <= nameLengthMax && !/\p{Cc}/u.test(name))) return name
  throw new ApiError(400, 'bad_request', `a name has at most ${nameLengthMax} characters, all on one line`)
}

/** Managers of managers end somewhere: an escalation must not go round in circles. */
function readManager(address: string, given: string | null, { merged, files, stored }: PeopleSources): string | null {
  const manager = lower(given)
  if (manager === null) return null
  const known = new Set([...Object.keys(files.people), ...stored.map((person) => person.address)])
  if (manager === address) throw new ApiError(400, 'bad_request', 'nobody is their own manager')
  if (!known.has(manager)) {
    const hint = suggestionHint(manager, [...known], 'known people:')
    throw new ApiError(400, 'unknown_person', `the manager ${quote(manager)} is not in people`, hint)
  }
  const above = new Set([address])
  for (let next: string | null = manager; next !== null; next = merged.people[next]?.manager ?? null) {
    if (next === address) {
      throw new ApiError(400, 'bad_request', `${address} is above ${manager} already: nobody is their own manager`)
    }
    if (above.has(next)) break
    above.add(next)
  }
  return manager
}

function changeChannels(
  before: Readonly<Record<string, StoredAddress>>,
  changes: PersonChange['channels'],
  now: number,
  merged: Config,
): Record<string, StoredAddress> {
  const channels = new Map(Object.entries(before))
  for (const [name, given] of Object.entries(changes ?? {})) {
    if (given === null) {
      channels.delete(name)
      continue
    }
    const address = readChannelAddress(name, given, merged)
    // What a person proved to own stays so when the same is entered again.
    if (channels.get(name)?.address !== address) channels.set(name, { address, by: 'entry', at: now })
  }
  if (channels.size <= channelsMax) return Object.fromEntries(channels)
  throw new ApiError(400, 'bad_request', `a person has addresses on at most ${channelsMax} channels`)
}

function readChannelAddress(name: string, given: string, { channels }: Config): string {
  const channel = Object.hasOwn(channels, name) ? channels[name] : undefined
  if (!channel) {
    const hint = suggestionHint(name, Object.keys(channels), 'channels:')
    throw new ApiError(400, 'unknown_channel', `there is no channel ${quote(name)}`, hint)
  }
  const { address: form, label } = channel.kind
  if (form === null) {
    const hint = `${label} delivers to its own destination`
    throw new ApiError(400, 'bad_request', `the channel ${name} has no addresses of people`, hint)
  }
  const read = form.schema.safeParse(given)
  if (read.success && read.data.length <= addressLengthMax) return read.data
  const shown = form.mask ? 'this' : quote(given)
  throw new ApiError(400, 'bad_channel_address', `${shown} is no ${label} address`, form.hint)
}

function lower(address: string | null): string | null {
  return address?.trim().toLowerCase() || null
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 60))
}
