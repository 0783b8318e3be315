import { z } from 'zod'
import { readEnteredChannel } from '../config/channel-settings.js'
import type { Channel, ChannelCapabilities, ChannelKind } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import { SealError } from '../domain/errors.js'
import type { StoredChannel } from '../domain/stored-channel.js'
import { openSecrets, sealSecrets } from './seal.js'
import { joinSecrets, type Settings, splitSecrets } from './secret-settings.js'
import { type KeyRing, previousKeyVariable, secretKeyVariable } from './server-key.js'

/** What a stored channel is worth with the keys and the kinds there are. */
export interface OpenedChannel {
  stored: StoredChannel
  /** The whole of its settings, secrets included; null when they cannot be opened. */
  settings: Settings | null
  /** When it cannot be used: one that answers every delivery with `problem`. */
  channel: Channel
  /** Why it cannot be used, and what to do; null when it can. */
  problem: string | null
  /** Values that nobody may see. */
  secrets: string[]
  /** A former key sealed it. */
  isFormer: boolean
}

/** Before the reason why nothing can be sent on a channel: by it a pause is known that ends when the channel is mended. */
export const unusableWords = 'the channel cannot be used: '

/** What one may say of a kind that is not there: nothing is ever rendered for it. */
const plainest: ChannelCapabilities = {
  textMax: 1_000,
  textUnit: 'code_points',
  dialect: 'plain',
  attachments: false,
  idempotent: false,
}

/** Never throws for what people or a loss of the key did to it: whatever else runs goes on running. */
export function openStoredChannel(stored: StoredChannel, ring: KeyRing, kinds: readonly ChannelKind[]): OpenedChannel {
  const kind = kinds.find((known) => known.kind === stored.kind) ?? null
  const broken = { stored, settings: null, secrets: [], isFormer: false }
  const opened = tryOpen(stored, ring)
  if (opened instanceof SealError) {
    const problem = describeSealed(opened, stored.name, ring.origin)
    return { ...broken, channel: breakChannel(stored, kind, problem), problem }
  }
  const settings = joinSecrets(stored.settings, opened.secrets)
  const { channel, issues, secrets } = readEnteredChannel({ name: stored.name, kind: stored.kind, settings }, kinds)
  const isFormer = !opened.isCurrent
  if (channel) return { stored, settings, channel, problem: null, secrets, isFormer }
  const reason = issues[0]?.message ?? 'it is not known why'
  const problem =
    kind === null
      ? `this version has no channels of kind ${stored.kind}: delete it, or go back to the version that made it`
      : `its settings are refused: ${reason}; mend them with: mailtrigger channels set ${stored.name}`
  return { stored, settings, channel: breakChannel(stored, kind, problem), problem, secrets, isFormer }
}

/** As it is kept: what is secret is sealed under the current key, the rest readable. */
export function sealChannel(
  channel: Omit<StoredChannel, 'sealed'>,
  { current }: KeyRing,
  kinds: readonly ChannelKind[],
): StoredChannel {
  const paths = kinds.find(({ kind }) => kind === channel.kind)?.secrets ?? []
  const { open, secrets } = splitSecrets(channel.settings, paths)
  return { ...channel, settings: open, sealed: sealSecrets(current.sealing, channel, secrets) }
}

/** Those that a former key sealed, sealed by the current one: nothing else of them changes. */
export function sealAnew(channels: readonly StoredChannel[], ring: KeyRing): StoredChannel[] {
  return channels.flatMap((channel) => {
    const opened = tryOpen(channel, ring)
    if (opened instanceof SealError || opened.isCurrent) return []
    return [{ ...channel, sealed: sealSecrets(ring.current.sealing, channel, opened.secrets) }]
  })
}

/**
 * A channel that cannot be used delivers to people when people have addresses for it, else to a place of its own: so a
 * delivery is addressed as it has to be once the channel is mended.
 */
export function placeBroken(channel: Channel, people: Config['people']): Channel {
  const { address } = channel.kind
  const isPersonal =
    address !== null && (address.defaultsToMail || Object.values(people).some(({ channels }) => channels[channel.name]))
  return { ...channel, destination: isPersonal ? null : 'a place of its own' }
}

function tryOpen(stored: StoredChannel, ring: KeyRing): ReturnType<typeof openSecrets> | SealError {
  try {
    return openSecrets(ring, stored, stored.sealed)
  } catch (error) {
    if (error instanceof SealError) return error
    throw error
  }
}

function describeSealed({ kind }: SealError, name: string, origin: KeyRing['origin']): string {
  const again = `enter them again with: mailtrigger channels set ${name} --secret …`
  if (kind === 'damaged') return `its secrets were changed in the store and cannot be opened: ${again}`
  const before =
    origin === 'variable'
      ? `set ${previousKeyVariable}`
      : `restore mailtrigger.key from a backup (or set ${secretKeyVariable} as it was)`
  return `its secrets cannot be opened with the key in force: ${before}, or ${again}`
}

/**
 * Takes deliveries and answers each as failing credentials do, so that they become dead letters or wait, and can be
 * sent once a person has mended it. Whether it has a place of its own stands in settings that cannot be read: see
 * `placeBroken`.
 */
function breakChannel({ name, kind: kindName }: StoredChannel, kind: ChannelKind | null, problem: string): Channel {
  const { address = null, capabilities = plainest, label = kindName } = kind ?? {}
  return {
    name,
    kind: {
      kind: kindName,
      label,
      description: problem,
      guide: { steps: [problem], note: null },
      settings: kind?.settings ?? z.unknown(),
      address,
      destination: () => null,
      secrets: kind?.secrets ?? [],
      capabilities,
      concurrency: 1,
      rates: { channel: null, address: null },
      send: async () => ({ kind: 'permanent', scope: 'channel', statusCode: null, text: `${unusableWords}${problem}` }),
    },
    settings: {},
    destination: null,
    limits: { rate: null, perDayMax: null, retryMs: null, retryWindowMs: null },
    template: null,
  }
}
