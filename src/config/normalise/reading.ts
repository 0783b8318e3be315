import type { ChannelKind } from '../../domain/channel.js'
import type { Position } from '../../domain/errors.js'
import { compileTemplate, TemplateError } from '../../template/liquid.js'
import type { IssueList } from '../issues.js'
import { isMailAddress } from '../schema/values.js'
import { childOf, keyPlaceAt, type MapNode, type Path, type Place, positionOf, type SourceNode } from '../source.js'
import { suggest, suggestionHint } from '../suggest.js'
import { placeInScalar } from '../template-place.js'

/** Sorts of names that one part of a file gives and another refers to. */
export type NameSort = 'channel' | 'lookup' | 'action' | 'group' | 'person' | 'calendar'

/** What every normaliser needs: where to report, what is known, and the checks that belong to other rooms. */
export interface Reading {
  issues: IssueList
  root: MapNode
  kinds: ReadonlyMap<string, ChannelKind>
  /** Every name the files give, whether or not what it names is right: one mistake should not look like two. */
  names: Record<NameSort, ReadonlyMap<string, SourceNode>>
  /** Actions that stand in no file; `any` when which there are is not known yet. */
  uploadedActions: readonly string[] | 'any' | undefined
  /** Channels that stand in no file, with their kinds. */
  storedChannels: ReadonlyMap<string, string> | 'any' | undefined
  /** Mail addresses of people who stand in no file. */
  storedPeople: readonly string[] | 'any' | undefined
  /** Names something refers to. */
  used: Record<NameSort, Set<string>>
  secrets: Set<string>
  /** What is wrong with an RE2 pattern, or null. */
  checkPattern: (pattern: string, caseSensitive: boolean) => string | null
  checkSchedule: (schedule: string, timezone: string) => string | null
  fileExists: (path: string) => boolean
}

const nameSections = {
  channel: 'channels',
  lookup: 'lookups',
  action: 'actions',
  group: 'groups',
  person: 'people',
  calendar: 'calendars',
} as const

export function readNames(root: MapNode): Reading['names'] {
  const names = (sort: NameSort): Map<string, SourceNode> => {
    const section = childOf(root, nameSections[sort])
    const found = new Map<string, SourceNode>()
    if (section?.type !== 'map') return found
    for (const [name, { node }] of section.entries) found.set(sort === 'person' ? name.toLowerCase() : name, node)
    return found
  }
  return {
    channel: names('channel'),
    lookup: names('lookup'),
    action: names('action'),
    group: names('group'),
    person: names('person'),
    calendar: names('calendar'),
  }
}

/** Reports a name that nothing has, and remembers one that something has. */
export function referTo(sort: NameSort, name: string, place: Place, reading: Reading): void {
  const known = reading.names[sort]
  if (known.has(name)) {
    reading.used[sort].add(name)
    return
  }
  if (isIncomplete(place) || isInStore(sort, name, reading)) return
  const hint = () => hintAtName(sort, name, reading)
  reading.issues.error(`unknown-${sort}`, `there is no ${sort} ${JSON.stringify(name)}`, place, hint)
}

/** What was meant by a name that nothing has: a similar one, else those there are, and where else it could be. */
export function hintAtName(sort: NameSort, name: string, reading: Reading, others: readonly string[] = []): string {
  const section = nameSections[sort]
  const candidates = [...reading.names[sort].keys(), ...listInStore(sort, reading), ...others]
  const none = `there is no ${sort} yet; add it under "${section}"`
  const suggestion = suggestionHint(name, candidates, `known ${section}:`) ?? none
  const isMisspelt = sort === 'channel' && suggest(name, candidates) !== null
  const elsewhere = isMisspelt ? null : hintAtStore(sort, name, reading)
  return [suggestion, elsewhere].filter((part) => part !== null).join('; ')
}

/** True when the store has it, or may have it. */
export function isInStore(sort: NameSort, name: string, reading: Reading): boolean {
  const names = namesInStore(sort, reading)
  return names === 'any' || names?.includes(name) === true
}

/** As far as they are known. */
export function listInStore(sort: NameSort, reading: Reading): readonly string[] {
  const names = namesInStore(sort, reading)
  return names === 'any' || names === undefined ? [] : names
}

function namesInStore(sort: NameSort, { uploadedActions, storedChannels, storedPeople }: Reading) {
  if (sort === 'action') return uploadedActions
  if (sort === 'person') return storedPeople
  if (sort !== 'channel') return undefined
  return typeof storedChannels === 'object' ? [...storedChannels.keys()] : storedChannels
}

/** Commands without a server do not know what is in its store, and can be told. */
function hintAtStore(sort: NameSort, name: string, { uploadedActions, storedChannels }: Reading): string | null {
  if (sort === 'action' && uploadedActions === undefined) {
    return `if it was uploaded, say so by --uploaded ${name}=FILE`
  }
  if (sort === 'channel' && storedChannels === undefined) {
    return `if the server has it in its store, say so by --stored-channel ${name}=KIND`
  }
  return null
}

/** What the file format has and this version does not do: refused, because ignoring it would lose alerts. */
export function refuseUnavailable(what: string, place: Place, reading: Reading): void {
  const message = `${JSON.stringify(what)} is not available in this version`
  reading.issues.error('not-available', message, place, 'take it out, or put # before its lines')
}

/** Reports a text that Liquid does not understand, at the line and column inside the scalar. */
export function checkTemplate(text: string, node: SourceNode, reading: Reading): void {
  if (!text.includes('{')) return
  try {
    compileTemplate(text)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const place = placeInScalar(node, error.line, error.column)
    reading.issues.error('bad-template', `the template cannot be read: ${error.message}`, place)
  }
}

/** True when a text is only known once a mail is there. */
export function isTemplated(text: string): boolean {
  return /\{\{|\{%/.test(text)
}

/**
 * Reads a mail address or a group's name; addresses come back in lower case. A mail address needs no entry in
 * `people`: channels of kind email reach it all the same.
 */
export function readRecipient(entry: string, node: SourceNode, reading: Reading): string {
  if (reading.names.group.has(entry)) {
    reading.used.group.add(entry)
    return entry
  }
  const address = entry.toLowerCase()
  if (isMailAddress(address)) {
    reading.used.person.add(address)
    return address
  }
  if (isIncomplete(node)) return entry
  const hint = () => {
    const candidates = [...reading.names.group.keys(), ...reading.names.person.keys()]
    return suggestionHint(entry, candidates, 'known groups and people:') ?? 'a recipient is a mail address or a group'
  }
  const message = `${JSON.stringify(entry)} is neither a mail address nor a group`
  reading.issues.error('unknown-recipient', message, node, hint)
  return entry
}

export function readRecipients(raw: string | string[], node: SourceNode, reading: Reading): string[] {
  return listOf(raw, node).map(({ value, node: at }) => readRecipient(value, at, reading))
}

export function readChannels(raw: string | string[], node: SourceNode, reading: Reading): string[] {
  const channels = listOf(raw, node)
  for (const { value, node: at } of channels) referTo('channel', value, at, reading)
  return [...new Set(channels.map(({ value }) => value))]
}

/** A variable in it is missing, which has been reported. */
function isIncomplete(place: Place | SourceNode): boolean {
  return 'type' in place && place.type === 'scalar' && place.incomplete
}

/** One value or a list, as a list with the node of each. */
export function listOf<T extends string>(raw: T | T[], node: SourceNode): { value: T; node: SourceNode }[] {
  if (!Array.isArray(raw)) return [{ value: raw, node }]
  return raw.map((value, index) => ({ value, node: childOf(node, index) ?? node }))
}

/** The child's node, or the parent's where a default stands in for what is not written. */
export function under(node: SourceNode, key: PropertyKey): SourceNode {
  return childOf(node, key) ?? node
}

export function keyPosition(node: SourceNode, path: Path): Position {
  return positionOf(keyPlaceAt(node, path))
}
