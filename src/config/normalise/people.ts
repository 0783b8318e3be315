import type { Person } from '../../domain/config.js'
import { readSeverity, type Severity } from '../../domain/message.js'
import { firstAt } from '../merge.js'
import type { RawPerson, RawQuietHours } from '../schema/routes-file.js'
import { isMailAddress } from '../schema/values.js'
import { childOf, keyPlaceAt, type Place, type SourceNode } from '../source.js'
import { suggest, suggestionHint } from '../suggest.js'
import { reservedNames } from './channels.js'
import { hintAtName, isInStore, listInStore, type Reading, readRecipient, referTo, under } from './reading.js'
import { checkSeverity } from './steps.js'

/** Groups in groups in groups: each level is a call on the stack. */
const groupDepthMax = 32

/** People by mail address in lower case. */
export function normalisePeople(raw: Record<string, RawPerson>, reading: Reading): Record<string, Person> {
  const people: Record<string, Person> = Object.create(null)
  const places = new Map<string, Place>()
  for (const [written, person] of Object.entries(raw)) {
    const address = written.toLowerCase()
    const place = keyPlaceAt(reading.root, ['people', written])
    const twin = places.get(address)
    if (twin) reading.issues.error('duplicate-name', `"${written}" is in people twice`, place, firstAt(twin))
    places.set(address, place)
    people[address] = normalisePerson(address, person, personNode(written, reading), reading)
  }
  return people
}

/** Groups with nested groups flattened; members are mail addresses in lower case, each once. */
export function normaliseGroups(raw: Record<string, string[]>, reading: Reading): Record<string, string[]> {
  const direct = new Map<string, string[]>()
  for (const [name, members] of Object.entries(raw)) {
    const node = childOf(childOf(reading.root, 'groups'), name)
    const read = members.map((member, index) => {
      const place = node ? under(node, index) : reading.root
      warnOfNearMiss(member, place, reading)
      return readRecipient(member, place, reading)
    })
    direct.set(name, read)
  }
  const groups: Record<string, string[]> = Object.create(null)
  const flattened = new Map<string, Set<string>>()
  for (const name of direct.keys()) groups[name] = [...flatten(name, direct, flattened, new Set(), reading)]
  return groups
}

function personNode(written: string, reading: Reading): SourceNode {
  return childOf(childOf(reading.root, 'people'), written) ?? reading.root
}

function normalisePerson(address: string, raw: RawPerson, node: SourceNode, reading: Reading): Person {
  const { name, manager, quiet_hours: quietHours, ...addresses } = raw
  const channels: Record<string, string> = Object.create(null)
  for (const [channel, value] of Object.entries(addresses)) {
    const checked = channelAddress(channel, value, node, reading)
    if (checked !== null) channels[channel] = checked
  }
  if (manager !== undefined) checkManager(manager.toLowerCase(), under(node, 'manager'), reading)
  return {
    address,
    name: name ?? null,
    manager: manager?.toLowerCase() ?? null,
    channels,
    quietHours: quietHours === undefined ? null : readQuietHours(quietHours, under(node, 'quiet_hours'), reading),
  }
}

function readQuietHours(raw: RawQuietHours, node: SourceNode, reading: Reading): Person['quietHours'] {
  if (typeof raw === 'string') {
    referTo('calendar', raw, node, reading)
    return { calendar: raw, except: ['critical'] }
  }
  referTo('calendar', raw.calendar, under(node, 'calendar'), reading)
  const except = (raw.except ?? ['critical']).map((word, index): Severity | null => {
    checkSeverity(word, under(under(node, 'except'), index), reading)
    return readSeverity(word)
  })
  return { calendar: raw.calendar, except: [...new Set(except.filter((one) => one !== null))] }
}

function channelAddress(channel: string, value: string, node: SourceNode, reading: Reading): string | null {
  const isStored = !reading.names.channel.has(channel) && isInStore('channel', channel, reading)
  const kindName = kindOfChannel(channel, reading)
  if (kindName === null && !isStored) {
    const hint = () => hintAtName('channel', channel, reading, reservedNames)
    reading.issues.error('unknown-channel', `there is no channel "${channel}"`, keyPlaceAt(node, [channel]), hint)
    return null
  }
  const kind = reading.kinds.get(kindName ?? '')
  // A channel that is itself wrong is reported where it stands.
  if (!kind) return isStored ? value : null
  if (!kind.address) {
    const message = `the channel ${channel} has no addresses of people`
    reading.issues.error(
      'channel-without-addresses',
      message,
      keyPlaceAt(node, [channel]),
      `${kind.label} delivers to its own destination`,
    )
    return null
  }
  const result = kind.address.schema.safeParse(value)
  if (result.success) return result.data
  const message = `${JSON.stringify(value.slice(0, 60))} is no ${kind.label} address`
  reading.issues.error('bad-channel-address', message, under(node, channel), kind.address.hint)
  return null
}

/** Empty where what the file says of it is no kind; null when no channel of that name is known. */
function kindOfChannel(channel: string, { names, storedChannels }: Reading): string | null {
  const node = names.channel.get(channel)
  if (!node) return typeof storedChannels === 'object' ? (storedChannels.get(channel) ?? null) : null
  const kind = childOf(node, 'kind')
  return kind?.type === 'scalar' ? String(kind.value) : ''
}

function checkManager(manager: string, node: SourceNode, reading: Reading): void {
  if (reading.names.person.has(manager) || isInStore('person', manager, reading)) return
  const known = [...reading.names.person.keys(), ...listInStore('person', reading)]
  const hint = () => suggestionHint(manager, known, 'known people:')
  reading.issues.error('unknown-person', `the manager ${manager} is not in people`, node, hint)
}

/** A member need not be in `people`, but one that nearly is was probably misspelt. */
function warnOfNearMiss(member: string, node: SourceNode, reading: Reading): void {
  const address = member.toLowerCase()
  if (!isMailAddress(address) || reading.names.person.has(address) || reading.names.person.size > 200) return
  if (isInStore('person', address, reading)) return
  const similar = suggest(address, reading.names.person.keys())
  if (similar)
    reading.issues.warning('unknown-person', `${member} is not in people`, node, `did you mean "${similar}"?`)
}

function flatten(
  name: string,
  direct: ReadonlyMap<string, string[]>,
  done: Map<string, Set<string>>,
  open: ReadonlySet<string>,
  reading: Reading,
): Set<string> {
  const known = done.get(name)
  if (known) return known
  const members = new Set<string>()
  for (const member of direct.get(name) ?? []) {
    if (!direct.has(member)) {
      if (!reading.names.group.has(member)) members.add(member)
    } else if (open.size > groupDepthMax) {
      const place = keyPlaceAt(reading.root, ['groups', name])
      reading.issues.error('too-deep', `groups are nested more than ${groupDepthMax} deep`, place)
      break
    } else if (member === name || open.has(member)) {
      const place = keyPlaceAt(reading.root, ['groups', name])
      const message = `the group ${name} contains itself${member === name ? '' : ` by way of ${member}`}`
      reading.issues.error('group-cycle', message, place, 'take one of the groups out of the other')
    } else {
      for (const address of flatten(member, direct, done, new Set([...open, name]), reading)) members.add(address)
    }
  }
  done.set(name, members)
  return members
}
