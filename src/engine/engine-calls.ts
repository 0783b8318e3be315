import { attemptDelivery } from '../deliver/attempt.js'
import type { Outcome } from '../domain/channel.js'
import type { Config, ServerSettings } from '../domain/config.js'
import { ApiError, type ConfigIssue } from '../domain/errors.js'
import type { EngineEvent } from '../domain/events.js'
import type { RawMail } from '../domain/mail.js'
import type { Rejection } from '../domain/rejection.js'
import { hideSecrets } from '../domain/secrets.js'
import type { DeliverySelection, Store } from '../store/store.js'
import { channelContext } from './channel-context.js'
import type { Engine } from './engine.js'
import { type Explanation, explainMail } from './explanation.js'
import { offerJobCalls } from './job-calls.js'
import { offerModuleCalls } from './module-calls.js'

/** What the main thread, and through it the API, may ask of the engine thread. Everything is structured-cloneable. */
export type EngineCalls = ReturnType<typeof offerEngineCalls>

/** What the main thread has to know of the config to open the doors. */
export interface EngineInfo {
  hash: string
  files: string[]
  /** What to watch for changes: config files and folders, and the actions' modules. */
  watched: string[]
  hostname: string
  server: ServerSettings
  routes: number
  warnings: ConfigIssue[]
}

export interface ChannelLine {
  name: string
  kind: string
  label: string
  destination: string | null
  address_hint: string | null
  paused: { until: string; reason: string } | null
}

export interface ChannelTest {
  ok: boolean
  provider: string
  permanent: boolean
}

const testTimeoutMs = 30_000
const explainTimeoutMs = 60_000

export function offerEngineCalls(engine: Engine, emit: (event: EngineEvent) => void) {
  const { store } = engine
  const info = async (): Promise<EngineInfo> => describe(engine.current())

  return {
    ...offerModuleCalls(engine),
    ...offerJobCalls(engine),
    /** Resolves when the mails are durable, and when there is room for more. */
    async saveMails(mails: RawMail[]): Promise<void> {
      const saving = store.saveMails(mails)
      // Asked for now, the pipeline's claim shares the commit that saves the mails.
      engine.pipeline.wake()
      await saving
      const bytes = mails.reduce((sum, mail) => sum + mail.raw.byteLength, 0)
      engine.pipeline.added(mails.length, bytes)
      for (const mail of mails) emit(storedEvent(mail))
      await engine.pipeline.waitForRoom()
    },
    async saveRejection(rejection: Rejection): Promise<void> {
      await store.saveRejection(rejection)
      emit({ type: 'mail.rejected', client: rejection.client, reason: rejection.reason, message: rejection.message })
    },
    info,
    async reload(): Promise<EngineInfo> {
      await engine.reload()
      return info()
    },
    listMails: (filter: Parameters<Store['listMails']>[0]) => store.listMails(filter),
    readMail: (mailId: string) => store.readMail(mailId),
    readRawMail: (mailId: string) => store.readRawMail(mailId),
    deleteMails: (mailIds: string[]) => store.deleteMails(mailIds),
    async replayMails(mailIds: string[]): Promise<number> {
      let replayed = 0
      for (const mailId of mailIds) if (await store.replayMail(mailId, Date.now())) replayed++
      engine.pipeline.wake()
      return replayed
    },
    async explainMail(mailId: string): Promise<Explanation> {
      const raw = await store.readRawMail(mailId)
      if (!raw) throw new ApiError(404, 'not_found', `there is no mail ${mailId}`)
      return explain(engine, raw)
    },
    explainRaw: (raw: RawMail): Promise<Explanation> => explain(engine, raw),
    listDeliveries: (filter: Parameters<Store['listDeliveries']>[0]) => store.listDeliveries(filter),
    readDelivery: (deliveryId: string) => store.readDelivery(deliveryId),
    async retryDeliveries(selection: DeliverySelection): Promise<number> {
      const count = await store.retryDeliveries(selection, Date.now())
      engine.deliveries.wake()
      return count
    },
    cancelDeliveries: (selection: DeliverySelection) => store.cancelDeliveries(selection, Date.now()),
    listChannels: () => listChannels(engine),
    testChannel: (name: string, to: string | null, text: string) => testChannel(engine, name, to, text),
    async resumeChannel(name: string): Promise<void> {
      findChannel(engine, name)
      await engine.deliveries.resume(name)
    },
    listInbox: (filter: Parameters<Store['listInbox']>[0]) => store.listInbox(filter),
    listRejections: (limit: number) => store.listRejections(limit),
    readStats: () => store.readStats(Date.now()),
    stop: () => engine.stop(),
  }
}

function describe(current: { config: Config; warnings: ConfigIssue[] }): EngineInfo {
  const { config, warnings } = current
  const { hash, files, hostname, server } = config
  const modules = [...Object.values(config.actions), ...Object.values(config.jobs)].map(({ module }) => module)
  const watched = [...files, ...modules]
  return { hash, files, watched, hostname, server, routes: config.routes.length, warnings }
}

function storedEvent(mail: RawMail): EngineEvent {
  const { from, to } = mail.envelope
  return { type: 'mail.stored', mail_id: mail.id, from, to, size_bytes: mail.raw.byteLength }
}

function explain(engine: Engine, raw: RawMail): Promise<Explanation> {
  return explainMail(engine.current().parts, raw, AbortSignal.timeout(explainTimeoutMs))
}

async function listChannels(engine: Engine): Promise<ChannelLine[]> {
  const { pauses } = await engine.store.readStats(Date.now())
  return Object.values(engine.current().config.channels).map((channel) => {
    const pause = pauses.find((line) => line.channel === channel.name)
    return {
      name: channel.name,
      kind: channel.kind.kind,
      label: channel.kind.label,
      destination: channel.destination,
      address_hint: channel.kind.address?.hint ?? null,
      paused: pause ? { until: pause.until, reason: pause.reason } : null,
    }
  })
}

function findChannel(engine: Engine, name: string) {
  const { channels } = engine.current().config
  const channel = channels[name]
  if (channel) return channel
  throw new ApiError(404, 'not_found', `there is no channel "${name}"`, `channels: ${Object.keys(channels).join(', ')}`)
}

/** Sends one message through the channel's own code, past the queue, and says what the vendor said. */
async function testChannel(engine: Engine, name: string, to: string | null, text: string): Promise<ChannelTest> {
  const channel = findChannel(engine, name)
  const { config, parts } = engine.current()
  const person = to === null ? undefined : config.people[to.toLowerCase()]
  const address = person?.channels[name] ?? to
  if (channel.destination === null && address === null) {
    const hint = channel.kind.address ? `--to takes a person's mail address or ${channel.kind.address.hint}` : null
    throw new ApiError(400, 'missing_recipient', `channel "${name}" delivers to people: say to whom`, hint)
  }
  const signal = AbortSignal.timeout(testTimeoutMs)
  const id = `test-${Date.now().toString(36)}`
  const context = channelContext(
    { id, mailId: id, attempts: 1 },
    {
      store: engine.store,
      outbound: engine.outbound,
      parse: parts.parse,
      hostname: config.hostname,
      log: () => undefined,
      now: Date.now,
      signal,
    },
  )
  const message = {
    title: 'MailTrigger test message',
    text,
    severity: 'info' as const,
    from: `mailtrigger@${config.hostname}`,
    labels: {},
    links: [],
    attachments: [],
    notes: [],
    mailId: id,
    receivedAt: Date.now(),
  }
  const target = channel.destination === null ? address : null
  const { outcome } = await attemptDelivery(channel, message, target, { context, measure: Date.now, signal })
  return describeTest(outcome, config.secrets)
}

function describeTest(outcome: Outcome, secrets: string[]): ChannelTest {
  const ok = outcome.kind === 'delivered' || outcome.kind === 'accepted'
  return { ok, provider: hideSecrets(outcome.text, secrets), permanent: outcome.kind === 'permanent' }
}
