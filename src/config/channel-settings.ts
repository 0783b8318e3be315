import type { Channel, ChannelKind } from '../domain/channel.js'
import type { ConfigIssue } from '../domain/errors.js'
import { secretKeysOf } from './frame.js'
import { IssueList } from './issues.js'
import { emptyMap, setEntry } from './merge.js'
import { normaliseChannel } from './normalise/channels.js'
import type { Reading } from './normalise/reading.js'
import { name as channelName } from './schema/values.js'
import { createSourceFile, type MapNode, type ScalarNode, type SourceFile, type SourceNode } from './source.js'

/** A channel as a person enters it where there is no file: what stands in it is meant as it is, `${…}` included. */
export interface EnteredChannel {
  name: string
  kind: string
  /** With the secrets, and with what any channel takes (limits, template). */
  settings: Record<string, unknown>
}

const depthMax = 20
const sizeBytesMax = 65_536

/**
 * Checks it as one of a file would be checked, with the same words. `channel` is null when it cannot be used: then
 * `issues` says why (they have no position), and no text of them quotes a secret setting. `secrets` are the values that
 * nobody may see.
 */
export function readEnteredChannel(
  { name, kind, settings }: EnteredChannel,
  kinds: readonly ChannelKind[],
): { channel: Channel | null; issues: ConfigIssue[]; secrets: string[] } {
  const issues = new IssueList(secretKeysOf([]))
  const file = createSourceFile('settings', '/', '')
  const secretPaths = kinds.find((known) => known.kind === kind)?.secrets ?? []
  if (!channelName.safeParse(name).success) {
    const hint = 'a name has letters, digits, spaces, dots, hyphens and underscores, at most 64'
    issues.error('bad-name', `a channel cannot be called ${JSON.stringify(name.slice(0, 64))}`, null, hint)
  }
  if (!areSettingsSmall(settings)) {
    const hint = `at most ${sizeBytesMax} bytes of JSON, ${depthMax} levels deep`
    issues.error('too-large', `the settings of ${name} are too large`, null, hint)
    return { channel: null, issues: listErrors(issues), secrets: [] }
  }
  const node = mapOf({ ...settings, kind }, [], secretPaths, file)
  const root = emptyMap(node)
  const channels = emptyMap(node)
  setEntry(channels, name, { key: node, node })
  setEntry(root, 'channels', { key: node, node: channels })
  const reading = startReading(root, issues, kinds)
  const channel = normaliseChannel(name, { ...settings, kind }, node, reading)
  const errors = listErrors(issues)
  return { channel: errors.length > 0 ? null : channel, issues: errors, secrets: [...reading.secrets] }
}

/** Warnings are about files: that a secret stands in one, for instance. */
function listErrors(issues: IssueList): ConfigIssue[] {
  const errors = issues.toArray().filter(({ severity }) => severity === 'error')
  return errors.map((issue) => ({ ...issue, position: null, frame: null }))
}

function startReading(root: MapNode, issues: IssueList, kinds: readonly ChannelKind[]): Reading {
  const none = { channel: 0, lookup: 0, action: 0, group: 0, person: 0, calendar: 0 }
  const perSort = <Value>(make: () => Value) =>
    Object.fromEntries(Object.keys(none).map((sort) => [sort, make()])) as Record<keyof typeof none, Value>
  return {
    issues,
    root,
    kinds: new Map(kinds.map((kind) => [kind.kind, kind])),
    names: perSort(() => new Map()),
    uploadedActions: 'any',
    storedChannels: 'any',
    storedPeople: 'any',
    used: perSort(() => new Set<string>()),
    secrets: new Set(),
    checkPattern: () => null,
    checkSchedule: () => null,
    fileExists: () => true,
  }
}

/** True when they are no larger, and no deeper, than any kind's. Without recursion: what is too deep must not get there. */
export function areSettingsSmall(settings: unknown): boolean {
  let level: unknown[] = [settings]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthMax) return false
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []))
  }
  return Buffer.byteLength(JSON.stringify(settings)) <= sizeBytesMax
}

/** The file's nodes without a file: everything is at its beginning, which is nowhere. */
function nodeOf(value: unknown, path: string[], secretPaths: readonly string[], file: SourceFile): SourceNode {
  if (Array.isArray(value)) {
    const items = value.map((item, index) => nodeOf(item, [...path, String(index)], secretPaths, file))
    const plain = items.map((item) => item.value)
    return { type: 'list', value: plain, items, flow: false, sizeNodes: 1, file, start: 0, end: 0 }
  }
  if (typeof value === 'object' && value !== null) return mapOf(value, path, secretPaths, file)
  return scalarOf(value, isSecretPath(path, secretPaths), file)
}

function mapOf(value: object, path: string[], secretPaths: readonly string[], file: SourceFile): MapNode {
  const map: MapNode = {
    type: 'map',
    value: Object.create(null),
    entries: new Map(),
    sizeNodes: 1,
    file,
    start: 0,
    end: 0,
  }
  for (const [key, inner] of Object.entries(value)) {
    const node = nodeOf(inner, [...path, key], secretPaths, file)
    setEntry(map, key, { key: node, node })
  }
  return map
}

/** A secret counts as a value from outside, which no issue quotes. */
function scalarOf(value: unknown, isSecret: boolean, file: SourceFile): ScalarNode {
  const simple = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
  const text = simple === null ? '' : String(simple)
  return {
    type: 'scalar',
    value: simple,
    style: 'quoted',
    written: text,
    pieces: isSecret ? [{ value: text, from: 'file' }] : [],
    incomplete: false,
    sizeNodes: 1,
    file,
    start: 0,
    end: 0,
  }
}

function isSecretPath(path: string[], secretPaths: readonly string[]): boolean {
  const dotted = path.join('.')
  return secretPaths.some((secret) => dotted === secret || dotted.startsWith(`${secret}.`))
}
