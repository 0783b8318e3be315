import type { Config, Person } from '../domain/config.js'
import type { StoredPerson } from '../domain/stored-person.js'
import type { LeftOut } from './stored-config.js'

/** A person, as the API and the commands show them. */
export interface PersonLine {
  address: string
  name: string | null
  manager: string | null
  groups: string[]
  channels: PersonAddress[]
  quiet_hours: { calendar: string; except: string[] } | null
  /** `file`: the person, or a group that names them, stands in a file, so that nobody can delete them here. */
  origin: 'file' | 'entry'
  /** What of the person stands in a file and is changed there: `name`, `manager`, `quiet_hours`. */
  fixed: string[]
  /** When, and by whom, the last change was made here; null when there was none. */
  changed_at: string | null
  changed_by: string | null
}

export interface PersonAddress {
  channel: string
  kind: string | null
  /** Masked where only the owner and the vendor may know it. */
  address: string
  origin: 'file' | 'entry' | 'link'
  /** Null for what stands in a file. */
  at: string | null
  /** Why nothing is sent there; null when it is in force. */
  problem: string | null
}

/** What is known of people, from all sides. */
export interface PeopleSources {
  /** What runs, and what of it the files say. */
  merged: Config
  files: Config
  stored: readonly StoredPerson[]
  leftOut: readonly LeftOut[]
}

/** Who is in a file, in a group, or was entered, ordered by address. */
export function listKnown(sources: PeopleSources): PersonLine[] {
  const { files, stored } = sources
  const storedBy = new Map(stored.map((person) => [person.address, person]))
  const groupsBy = new Map<string, string[]>()
  for (const [group, members] of Object.entries(files.groups)) {
    for (const member of members) groupsBy.set(member, [...(groupsBy.get(member) ?? []), group])
  }
  const known = new Set([...Object.keys(files.people), ...groupsBy.keys(), ...storedBy.keys()])
  return [...known]
    .sort()
    .map((address) => describePerson(address, groupsBy.get(address) ?? [], storedBy.get(address) ?? null, sources))
}

function describePerson(
  address: string,
  groups: string[],
  stored: StoredPerson | null,
  sources: PeopleSources,
): PersonLine {
  const inFile: Person | undefined = sources.files.people[address]
  const inForce: Person | undefined = sources.merged.people[address]
  const quietHours = inFile?.quietHours ?? null
  const fixed = [
    ...(inFile?.name == null ? [] : ['name']),
    ...(inFile?.manager == null ? [] : ['manager']),
    ...(quietHours === null ? [] : ['quiet_hours']),
  ]
  return {
    address,
    name: inForce?.name ?? null,
    manager: inForce?.manager ?? null,
    groups,
    channels: describeAddresses(inFile, stored, sources),
    quiet_hours: quietHours && { calendar: quietHours.calendar, except: quietHours.except },
    origin: inFile !== undefined || groups.length > 0 ? 'file' : 'entry',
    fixed,
    changed_at: stored && new Date(stored.changedAt).toISOString(),
    changed_by: stored?.changedBy ?? null,
  }
}

function describeAddresses(
  inFile: Person | undefined,
  stored: StoredPerson | null,
  { merged, leftOut }: PeopleSources,
): PersonAddress[] {
  const fromFile = Object.entries(inFile?.channels ?? {}).map(([channel, address]): PersonAddress => {
    return { ...showAddress(channel, address, null, merged), origin: 'file', at: null }
  })
  const entered = Object.entries(stored?.channels ?? {}).flatMap(([channel, { address, by, at }]): PersonAddress[] => {
    if (inFile?.channels[channel] !== undefined) return []
    const out = leftOut.find((one) => one.person === stored?.address && one.channel === channel)
    const shown = showAddress(channel, address, out?.reason ?? null, merged)
    return [{ ...shown, origin: by, at: new Date(at).toISOString() }]
  })
  return [...fromFile, ...entered].sort((one, other) => (one.channel < other.channel ? -1 : 1))
}

function showAddress(
  name: string,
  address: string,
  problem: string | null,
  { channels }: Config,
): Pick<PersonAddress, 'channel' | 'kind' | 'address' | 'problem'> {
  const kind = channels[name]?.kind
  const mask = kind?.address?.mask
  // Of a channel that is gone nobody can say who may know its addresses.
  const shown = !kind?.address || (mask && problem !== null) ? '•••' : (mask?.(address) ?? address)
  return { channel: name, kind: kind?.kind ?? null, address: shown, problem }
}
