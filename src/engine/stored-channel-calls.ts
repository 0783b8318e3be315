import { channelKinds, findChannelKind } from '../channels/index.js'
import { reservedNames } from '../config/normalise/channels.js'
import { redactSettings } from '../config/redact.js'
import type { Channel } from '../domain/channel.js'
import type { DeliveryStatus } from '../domain/delivery.js'
import { ApiError, StoreError } from '../domain/errors.js'
import type { StoredChannel } from '../domain/stored-channel.js'
import { type ChannelLine, describeChannel, findChannel } from './channel-calls.js'
import { describeKind, type KindLine } from './channel-kinds.js'
import { type ChannelUser, listChannelUsers, nameUsers } from './channel-users.js'
import type { Engine } from './engine.js'
import { checkEntered, fillMasked, maskSettings, unknownKind } from './enter-channel.js'
import { mergePatch, type Settings } from './secret-settings.js'
import { secretKeyVariable } from './server-key.js'
import { resealSetup } from './setup.js'
import { sealChannel } from './stored-channel.js'

/** One channel with what it is set to: of a secret, only that it is set. */
export interface ChannelDetail extends ChannelLine {
  settings: Settings
  secrets: string[]
  used_by: ChannelUser[]
  /** Of stored ones; null for those of a file. */
  created_at: string | null
  changed_at: string | null
  changed_by: string | null
}

export interface RotatedKey {
  key_id: string
  /** How many channels were sealed anew. */
  channels: number
}

const channelsMax = 500
/** Words that stand for something else in the paths of the API. */
const wordsOfApi = ['kinds']
/** What a channel has still to do. */
const openStatuses: readonly DeliveryStatus[] = ['queued', 'processing', 'failed']

/** What may be asked about channels that people make while the server runs. Rejects with `ApiError` or `ConfigError`. */
export function offerStoredChannelCalls(engine: Engine) {
  return {
    listKinds: async (): Promise<KindLine[]> => channelKinds.map(describeKind),
    async readKind(kind: string): Promise<KindLine> {
      const found = findChannelKind(kind)
      if (!found) throw unknownKind(kind)
      return describeKind(found)
    },
    readChannel: (name: string) => readChannel(engine, name),
    async createChannel(name: string, kind: string, settings: Settings, actor: string): Promise<ChannelDetail> {
      await engine.changeSetup(() => createChannel(engine, { name, kind, settings }, actor))
      await engine.audit(actor, 'channel.create', [name], { kind })
      return readChannel(engine, name)
    },
    /** All settings anew; `•••` keeps a secret. The kind may change while nobody has an address for it. */
    async replaceChannel(name: string, kind: string, settings: Settings, actor: string): Promise<ChannelDetail> {
      await engine.changeSetup(() => replaceChannel(engine, name, { kind, change: () => settings }, actor))
      return afterChange(engine, name, { kind, settings: Object.keys(settings) }, actor)
    },
    /** JSON Merge Patch (RFC 7396): what is not named stays, secrets included; null takes out. */
    async changeChannel(name: string, patch: Settings, actor: string): Promise<ChannelDetail> {
      const change = (before: Settings): Settings => mergePatch(before, patch)
      await engine.changeSetup(() => replaceChannel(engine, name, { kind: null, change }, actor))
      return afterChange(engine, name, { settings: Object.keys(patch) }, actor)
    },
    async deleteChannel(name: string, actor: string): Promise<void> {
      const kind = await engine.changeSetup(() => deleteChannel(engine, name))
      await engine.audit(actor, 'channel.delete', [name], { kind })
    },
    rotateKey: (actor: string) => rotateKey(engine, actor),
  }
}

async function readChannel(engine: Engine, name: string): Promise<ChannelDetail> {
  const channel = findChannel(engine, name)
  const { stored, files, config } = engine.current()
  const own = Object.hasOwn(files.channels, name) ? undefined : stored.get(name)
  const line = await describeChannel(engine, channel)
  const { settings, secrets } = showSettings(channel, own?.stored ?? null, own?.settings ?? null, config.secrets)
  return {
    ...line,
    settings,
    secrets,
    used_by: await listUsers(engine, name),
    created_at: own ? new Date(own.stored.createdAt).toISOString() : null,
    changed_at: own ? new Date(own.stored.changedAt).toISOString() : null,
    changed_by: own?.stored.changedBy ?? null,
  }
}

/** A stored channel as it was entered; one of a file as it works, defaults filled in. */
function showSettings(
  channel: Channel,
  stored: StoredChannel | null,
  entered: Settings | null,
  hidden: readonly string[],
) {
  const secrets = channel.kind.secrets
  if (stored) return { settings: maskSettings(stored.kind, entered ?? stored.settings), secrets }
  return { settings: redactSettings(channel, hidden), secrets }
}

async function listUsers({ current, jobs, orders }: Engine, name: string): Promise<ChannelUser[]> {
  const states = await Promise.all(jobs.scheduler.list().map((job) => jobs.scheduler.status(job)))
  const settings = states.map((state) => state.settings)
  return listChannelUsers(name, { config: current().config, jobs: settings, rules: orders.rules() })
}

async function createChannel(
  engine: Engine,
  entered: { name: string; kind: string; settings: Settings },
  actor: string,
): Promise<void> {
  const { name, kind, settings } = entered
  const { files, stored, config } = engine.current()
  if (Object.hasOwn(files.channels, name)) throw inFile(name)
  if (stored.has(name)) {
    throw new ApiError(
      409,
      'exists',
      `there is a channel "${name}" already`,
      `mailtrigger channels set ${name} changes it`,
    )
  }
  if ([...reservedNames, ...wordsOfApi].includes(name)) {
    throw new ApiError(422, 'bad_name', `a channel cannot be called "${name}"`, 'the word has a meaning of its own')
  }
  if (stored.size >= channelsMax) {
    throw new ApiError(409, 'too_many', `there are ${channelsMax} such channels already`, 'others go into a file')
  }
  if (!findChannelKind(kind)) throw unknownKind(kind)
  checkEntered(entered, config.secrets)
  const at = engine.now()
  await save(engine, { name, kind, settings, createdAt: at, changedAt: at, changedBy: actor }, null)
}

async function replaceChannel(
  engine: Engine,
  name: string,
  { kind: givenKind, change }: { kind: string | null; change: (before: Settings) => Settings },
  actor: string,
): Promise<void> {
  const { config } = engine.current()
  const { stored, settings: known } = findStored(engine, name)
  const kind = givenKind ?? stored.kind
  if (!findChannelKind(kind)) throw unknownKind(kind)
  if (kind !== stored.kind) refuseOtherKind(engine, name)
  // When its secrets cannot be opened any more, only those that are entered anew are left.
  const before = known ?? stored.settings
  const settings = fillMasked(kind, change(before), kind === stored.kind ? before : null)
  checkEntered({ name, kind, settings }, config.secrets)
  // A clock that was set back must not make two changes look like one.
  const changedAt = Math.max(engine.now(), stored.changedAt + 1)
  const next = { name, kind, settings, createdAt: stored.createdAt, changedAt, changedBy: actor }
  await save(engine, next, stored.changedAt)
}

async function save(engine: Engine, channel: Omit<StoredChannel, 'sealed'>, before: number | null): Promise<void> {
  const sealed = sealChannel(channel, engine.keys.ring(), channelKinds)
  // Changes come one after the other: that another one came between is a mistake of ours.
  if (!(await engine.store.saveStoredChannels([{ channel: sealed, before }]))) {
    throw new StoreError(`the channel ${channel.name} changed while it was saved: try again`)
  }
}

/** What waits behind failing credentials is tried now, for they may be others; a person's pause stays. */
async function afterChange(
  engine: Engine,
  name: string,
  detail: Record<string, unknown>,
  actor: string,
): Promise<ChannelDetail> {
  await engine.audit(actor, 'channel.change', [name], detail)
  const { paused } = await describeChannel(engine, findChannel(engine, name))
  if (paused !== null && paused.until !== null) await engine.deliveries.resume(name)
  return readChannel(engine, name)
}

/** The kind it was of. */
async function deleteChannel(engine: Engine, name: string): Promise<string> {
  const { stored } = findStored(engine, name, 'delete')
  const { files } = engine.current()
  // What uses a file's channel of the name goes on using that.
  if (!Object.hasOwn(files.channels, name)) {
    const users = await listUsers(engine, name)
    if (users.length > 0) {
      const hint = 'take it out there first; mailtrigger channels show lists all of them'
      throw new ApiError(409, 'in_use', `the channel ${name} is used by ${nameUsers(users)}`, hint)
    }
    const waiting = await listWaiting(engine, name)
    if (waiting) {
      const hint = `mailtrigger deliveries list --channel ${name} shows them; send or cancel them first`
      throw new ApiError(409, 'in_use', `deliveries are still waiting on the channel ${name}`, hint)
    }
  }
  await engine.store.deleteStoredChannel(name)
  return stored.kind
}

async function listWaiting({ store }: Engine, channel: string): Promise<boolean> {
  for (const status of openStatuses) {
    const { items } = await store.listDeliveries({ channel, status, limit: 1 })
    if (items.length > 0) return true
  }
  return false
}

async function rotateKey(engine: Engine, actor: string): Promise<RotatedKey> {
  const { keys, store } = engine
  if (keys.ring().origin === 'variable') {
    const hint = `set ${secretKeyVariable} to a new one and ${secretKeyVariable}_PREVIOUS to the old one, and restart`
    throw new ApiError(409, 'key_is_given', `the key comes from ${secretKeyVariable}`, hint)
  }
  const rotated = await engine.changeSetup(async () => {
    // Nothing may still need the key that falls out of the ring.
    await resealSetup(store, keys.ring())
    const ring = keys.rotate()
    return { key_id: ring.current.sealing.id, channels: await resealSetup(store, ring) }
  })
  await engine.audit(actor, 'channel.rotate', [], { ...rotated })
  return rotated
}

function findStored(engine: Engine, name: string, purpose: 'change' | 'delete' = 'change') {
  const { stored, files } = engine.current()
  const found = stored.get(name)
  if (Object.hasOwn(files.channels, name) && (purpose === 'change' || !found)) throw inFile(name)
  if (found) return found
  findChannel(engine, name)
  throw new ApiError(404, 'not_found', `there is no channel "${name}"`)
}

function refuseOtherKind({ current }: Engine, name: string): void {
  const addressed = Object.values(current().config.people).filter(({ channels }) => channels[name] !== undefined)
  if (addressed.length === 0) return
  const message = `the channel ${name} keeps its kind: ${addressed.length} people have addresses for it`
  throw new ApiError(409, 'in_use', message, 'make another channel, or take the addresses out first')
}

function inFile(name: string): ApiError {
  return new ApiError(409, 'in_file', `the channel ${name} stands in a file`, 'change it there; the file is reloaded')
}
