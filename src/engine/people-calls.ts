import type { Channel } from '../domain/channel.js'
import { ApiError } from '../domain/errors.js'
import { hideSecrets } from '../domain/secrets.js'
import type { StoredPerson } from '../domain/stored-person.js'
import { changePerson, type PersonChange, readPersonAddress, refuseFixed } from './change-person.js'
import type { Engine } from './engine.js'
import { listKnown, type PeopleSources, type PersonLine } from './known-people.js'

/** What a person opens, by which time. */
export interface LinkAnswer {
  person: string
  channel: string
  url: string
  code: string
  expires_at: string
  /** Why the channel does not hear at the moment who opens it; null when it does, as far as is known. */
  problem: string | null
}

/** A name for several people. */
export interface GroupLine {
  name: string
  /** Mail addresses. */
  members: string[]
}

export interface PeopleFilter {
  /** Part of the address, the name, the manager or a group. */
  search?: string | undefined
  limit: number
  cursor?: string | undefined
}

const peopleMax = 10_000
/** Nobody changes a person so often that it is another one each time. */
const triesMax = 5
const validMsDefault = 3_600_000
const validMsMin = 1_000
const validMsMax = 24 * 3_600_000
const offerTimeoutMs = 15_000
const tryTimeoutMs = 3_000

/** What may be asked about people. Rejects with `ApiError`. */
export function offerPeopleCalls(engine: Engine) {
  return {
    /** Ordered by address; the cursor is the last one of the page before. */
    async listPeople({ search = '', limit, cursor = '' }: PeopleFilter) {
      const words = search.trim().toLowerCase()
      const known = listKnown(await readSources(engine))
      const found = known.filter((line) => line.address > cursor && (words === '' || fits(line, words)))
      const items = found.slice(0, limit)
      return { items, next_cursor: found.length > limit ? (items.at(-1)?.address ?? null) : null }
    },
    /** Of the files, ordered by name. */
    async listGroups(): Promise<GroupLine[]> {
      const groups = Object.entries(engine.current().files.groups)
      return groups.map(([name, members]) => ({ name, members: [...members] })).sort(byName)
    },
    readPerson: async (address: string): Promise<PersonLine> => findPerson(readPersonAddress(address), engine),
    /** Changes what is named; a person nobody knows yet is made. */
    setPerson: (address: string, change: PersonChange, actor: string) => setPerson(engine, address, change, actor),
    /** The same, and what is not named is taken away. */
    async replacePerson(address: string, { name, manager, channels }: PersonChange, actor: string) {
      const { stored, files } = await readSources(engine)
      const known = readPersonAddress(address)
      const before = stored.find((person) => person.address === known)
      const gone = Object.keys(before?.channels ?? {}).filter((channel) => !files.people[known]?.channels[channel])
      const change: PersonChange = {
        name: name ?? (files.people[known]?.name == null ? null : undefined),
        manager: manager ?? (files.people[known]?.manager == null ? null : undefined),
        channels: { ...Object.fromEntries(gone.map((channel) => [channel, null])), ...channels },
      }
      return setPerson(engine, address, change, actor)
    },
    deletePerson: (address: string, actor: string) => deletePerson(engine, readPersonAddress(address), actor),
    /** A URL that links whoever opens it first to this person. `validMs` is an hour when nothing is said. */
    linkPerson: (address: string, channel: string, validMs: number | null, actor: string) =>
      linkPerson(engine, { person: readPersonAddress(address), channel, validMs: validMs ?? validMsDefault }, actor),
  }
}

async function readSources({ store, current }: Engine): Promise<PeopleSources> {
  const stored = await store.listStoredPeople()
  const { config: merged, files, leftOut } = current()
  return { merged, files, leftOut, stored }
}

function byName(one: GroupLine, other: GroupLine): number {
  return one.name < other.name ? -1 : 1
}

function fits({ address, name, manager, groups }: PersonLine, words: string): boolean {
  return [address, name, manager, ...groups].some((text) => text?.toLowerCase().includes(words))
}

async function findPerson(address: string, engine: Engine): Promise<PersonLine> {
  const line = listKnown(await readSources(engine)).find((known) => known.address === address)
  if (line) return line
  throw new ApiError(404, 'not_found', `nobody is known as ${address}`, `mailtrigger people set ${address} enters them`)
}

async function setPerson(engine: Engine, given: string, change: PersonChange, actor: string): Promise<PersonLine> {
  const address = readPersonAddress(given)
  const { store, audit } = engine
  for (let tries = 0; tries < triesMax; tries++) {
    const sources = await readSources(engine)
    const before = sources.stored.find((person) => person.address === address) ?? null
    const next = changePerson(address, change, { actor, now: engine.now() }, sources)
    const isKnown = before !== null || listKnown(sources).some((line) => line.address === address)
    if (isKnown && isSame(before, next)) return findPerson(address, engine)
    if (before === null && sources.stored.length >= peopleMax) {
      throw new ApiError(409, 'too_many', `${peopleMax} people were entered already`, 'others go into a file')
    }
    const save = () => store.saveStoredPerson(next, before?.changedAt ?? null)
    if (!(await engine.changeSetup(save))) continue
    await audit(actor, 'person.set', [address], describeChange(before, next))
    return findPerson(address, engine)
  }
  throw new ApiError(409, 'changed_meanwhile', `${address} was changed at the same time, again and again`, 'try again')
}

function isSame(before: StoredPerson | null, next: StoredPerson): boolean {
  const facts = ({ name, manager, channels }: Pick<StoredPerson, 'name' | 'manager' | 'channels'>): string =>
    JSON.stringify([name, manager, Object.entries(channels).sort()])
  return facts(before ?? { name: null, manager: null, channels: {} }) === facts(next)
}

/** Which channels, and not the addresses: some of them only their owner may know. */
function describeChange(before: StoredPerson | null, { name, manager, channels }: StoredPerson) {
  const names = new Set([...Object.keys(before?.channels ?? {}), ...Object.keys(channels)])
  const changed = [...names].filter((channel) => before?.channels[channel]?.address !== channels[channel]?.address)
  return {
    ...(name === (before?.name ?? null) ? {} : { name }),
    ...(manager === (before?.manager ?? null) ? {} : { manager }),
    ...(changed.length === 0 ? {} : { channels: changed }),
  }
}

async function deletePerson(engine: Engine, address: string, actor: string): Promise<void> {
  const line = await findPerson(address, engine)
  const { files, stored } = await readSources(engine)
  if (files.people[address] !== undefined) throw refuseFixed(address, files)
  const people = [...Object.values(files.people), ...stored]
  const below = people.filter(({ manager }) => manager === address).map((person) => person.address)
  if (below.length > 0) {
    const hint = `first give another manager to ${below.slice(0, 5).join(', ')}${below.length > 5 ? ', …' : ''}`
    throw new ApiError(409, 'in_use', `${address} is the manager of others`, hint)
  }
  if (!(await engine.changeSetup(() => engine.store.deleteStoredPerson(address)))) {
    throw refuseFixed(`the group ${line.groups[0] ?? ''} with ${address}`, files)
  }
  await engine.audit(actor, 'person.delete', [address], {})
}

async function linkPerson(
  engine: Engine,
  { person, channel: name, validMs }: { person: string; channel: string; validMs: number },
  actor: string,
): Promise<LinkAnswer> {
  if (!Number.isSafeInteger(validMs) || validMs < validMsMin || validMs > validMsMax) {
    throw new ApiError(400, 'bad_request', 'a link is valid for 1s to 24h')
  }
  const { current, linking, listeners, now, audit } = engine
  await findPerson(person, engine)
  const channel = findLinked(name, engine)
  const { files } = current()
  if (files.people[person]?.channels[name] !== undefined)
    throw refuseFixed(`the address of ${person} on ${name}`, files)
  const code = linking.newCode()
  const url = await offerUrl(channel, code, engine)
  const expiresAt = now() + validMs
  await linking.open(code, { person, channel: name, createdBy: actor, expiresAt })
  await listeners.whenTried(name, AbortSignal.timeout(tryTimeoutMs))
  const expires_at = new Date(expiresAt).toISOString()
  await audit(actor, 'person.link_offer', [person, name], { expires_at })
  return { person, channel: name, url, code, expires_at, problem: listeners.problem(name) }
}

function findLinked(name: string, { current }: Engine): Channel {
  const { channels } = current().config
  const channel = Object.hasOwn(channels, name) ? channels[name] : undefined
  const linked = Object.values(channels).filter(({ kind, destination }) => kind.link && destination === null)
  const hint = linked.length === 0 ? null : `channels with links: ${linked.map((one) => one.name).join(', ')}`
  if (!channel) throw new ApiError(404, 'not_found', `there is no channel "${name}"`, hint)
  if (!channel.kind.link) {
    throw new ApiError(409, 'cannot_link', `nobody can link an address of ${channel.kind.label} by themself`, hint)
  }
  if (channel.destination === null) return channel
  const message = `the channel ${name} delivers to ${channel.destination}, not to people`
  throw new ApiError(409, 'cannot_link', message, hint ?? 'take its own destination out, or make another channel')
}

async function offerUrl({ name, kind, settings }: Channel, code: string, engine: Engine): Promise<string> {
  const context = { fetch: engine.outbound.fetch, signal: AbortSignal.timeout(offerTimeoutMs) }
  const offer = await kind.link?.(settings, code, context)
  if (offer?.ok) return offer.url
  const problem = hideSecrets(offer?.problem ?? 'it has no links', engine.current().config.secrets)
  const message = `the channel ${name} cannot link anybody: ${problem}`
  if (offer?.isClear) throw new ApiError(409, 'cannot_link', message, `mailtrigger channels test ${name} tries it`)
  throw new ApiError(503, 'channel_unreachable', message, 'try again in a minute')
}
