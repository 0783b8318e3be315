import type { NewNotification } from '../domain/delivery.js'
import type { EngineEvent } from '../domain/events.js'
import type { MonitorSettings, MonitorState, NotifyRule, PingKind } from '../domain/monitor.js'
import type { Store } from '../store/store.js'
import { type Absence, type ClockReading, excuseAbsence, findAbsence } from './absence.js'
import { closeDownAlerts } from './close-down-alerts.js'
import { judgeMonitor, type MonitorJudgement, troubleAt } from './judge-monitor.js'
import { describeAbsence, listListeners } from './monitor-messages.js'
import { startMonitor, takePing } from './monitor-state.js'
import { type PlanNotice, planMonitorEvent } from './plan-monitor-event.js'
import { planSystemNotice } from './plan-system-notice.js'

/** Looks at the clocks at least this often: they are set, and the machine sleeps. */
const sweepMs = 5_000
const heartbeatMs = 30_000
/** How long an alarm waits for mails that are in the store and not routed yet: its sign of life may be among them. */
const routingPatienceMs = 180_000
const routingCheckMs = 1_000
/** Mails and pings of the same moment change a state; somebody who never stops must not keep us here. */
const triesMax = 10

export interface WatchParts {
  store: Pick<
    Store,
    | 'listMonitorStates'
    | 'readMonitorByToken'
    | 'changeMonitor'
    | 'keepMonitors'
    | 'readHeartbeat'
    | 'saveHeartbeat'
    | 'raise'
    | 'listNotifications'
    | 'readNotification'
    | 'resolveNotifications'
    | 'nextMailDueAt'
  >
  monitors: () => Record<string, MonitorSettings>
  rules: () => readonly NotifyRule[]
  plan: PlanNotice
  /** Puts a notification in the words of its channels. */
  word: (notification: NewNotification) => Promise<NewNotification>
  newToken: () => string
  wakeDeliveries: (channels: string[]) => void
  emit: (event: EngineEvent) => void
  now: () => number
  /** A clock that only ever goes on, in milliseconds. */
  measure: () => number
  log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void
}

/**
 * Watches for what is expected to show up. Whoever changes a monitor's state does it in turn, here; only mails change it
 * in their own transaction, and the store tells.
 */
export class WatchLoop {
  readonly #parts: WatchParts
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  /** Null until the store was asked when the gateway was last known to run. */
  #lastLook: ClockReading | null = null
  #lastHeartbeat: number | null = null
  /** Monitors a mail brings news for: it can only put off the end of the others' intervals. */
  #notUp = new Set<string>()

  constructor(parts: WatchParts) {
    this.#parts = parts
  }

  /** Looks for the first time, with the gateway's own absence in mind, and keeps looking until stopped. */
  async start(): Promise<void> {
    await this.takeMonitors()
  }

  /** Goes by the config as it is now: monitors that are gone are forgotten, new ones are watched from now on. */
  async takeMonitors(): Promise<void> {
    await this.#inTurn(() => this.#parts.store.keepMonitors(Object.keys(this.#parts.monitors())))
    this.wake()
    await this.idle()
  }

  /** Looks at all monitors now. */
  wake(): void {
    if (this.#stopped || this.#waiting) return
    this.#waiting = true
    void this.#inTurn(async () => {
      this.#waiting = false
      await this.#lookAndSchedule()
    })
  }

  /** A mail showed up for these. */
  seen(monitors: readonly string[]): void {
    if (monitors.some((name) => this.#notUp.has(name))) this.wake()
  }

  /** Resolves when nothing is being looked at. */
  async idle(): Promise<void> {
    for (let turn: unknown; turn !== this.#turn; ) {
      turn = this.#turn
      await turn
    }
  }

  /** One ping, by the token of its URL; null when no monitor has it. */
  pingByToken(token: string, kind: PingKind): Promise<MonitorState | null> {
    return this.#inTurn(() => this.#ping(() => this.#parts.store.readMonitorByToken(token), kind))
  }

  /** The same by the monitor's name. */
  ping(name: string, kind: PingKind): Promise<MonitorState | null> {
    return this.#inTurn(() => this.#ping(() => this.#read(name), kind))
  }

  async stop(): Promise<void> {
    const isStopping = !this.#stopped
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.idle()
    if (!isStopping || !this.#lastLook) return
    // What was not looked at was not watched: the last look counts, not the present.
    const saving = this.#parts.store.saveHeartbeat(this.#lastLook.wall)
    await saving.catch((error: unknown) => this.#complain('the last sign of life was not kept', error))
  }

  async #lookAndSchedule(): Promise<void> {
    if (this.#stopped) return
    let waitMs = sweepMs
    try {
      const dueAt = await this.#look()
      waitMs = Math.min(sweepMs, Math.max(10, dueAt - this.#parts.now()))
    } catch (error) {
      this.#complain('cannot look at the monitors', error)
    }
    clearTimeout(this.#timer)
    if (!this.#stopped) this.#timer = setTimeout(() => this.wake(), waitMs)
  }

  /** When to look again. What fails here is done again at the next look, as the clocks are noted last. */
  async #look(): Promise<number> {
    const { store, now, measure } = this.#parts
    const reading = { wall: now(), steady: measure() }
    const known = new Map((await store.listMonitorStates()).map((state) => [state.name, state]))
    await this.#startNew(known, reading.wall)
    const absence = findAbsence(this.#lastLook ?? (await this.#readLastLook(reading)), reading)
    if (absence) await this.#excuse(absence, known)
    this.#lastLook = reading
    await this.#beat(reading.wall)
    let dueAt = Number.POSITIVE_INFINITY
    for (const settings of Object.values(this.#parts.monitors())) {
      const state = known.get(settings.name)
      if (state) dueAt = Math.min(dueAt, await this.#judge(settings, state))
    }
    return dueAt
  }

  async #startNew(known: Map<string, MonitorState>, now: number): Promise<void> {
    for (const name of Object.keys(this.#parts.monitors())) {
      if (known.has(name)) continue
      const state = startMonitor(name, this.#parts.newToken(), now)
      if (await this.#parts.store.changeMonitor(null, state, [], now)) known.set(name, state)
    }
  }

  /** At start the steady clock begins anew, so only the wall clock tells how long nobody was here. */
  async #readLastLook({ wall, steady }: ClockReading): Promise<ClockReading> {
    const heartbeat = await this.#parts.store.readHeartbeat()
    return heartbeat === null ? { wall, steady } : { wall: heartbeat, steady: steady - Math.max(0, wall - heartbeat) }
  }

  /** Tells first, under a key of its own, so that a kill in between tells it once and still excuses every monitor. */
  async #excuse(absence: Absence, known: Map<string, MonitorState>): Promise<void> {
    const { store, plan, word, wakeDeliveries, log } = this.#parts
    const excused = Object.values(this.#parts.monitors()).flatMap((settings) => {
      const before = known.get(settings.name)
      const state = before ? excuseAbsence(settings, before, absence) : null
      return before && state ? [{ settings, before, state }] : []
    })
    log('warn', 'the gateway was absent', { ...absence, monitors: excused.length })
    if (excused.length === 0) return
    const notice = await word(planSystemNotice('absence', describeAbsence(absence, excused), plan))
    const origin = { source: 'system' as const, key: `absence/${absence.from}` }
    const { channels } = await store.raise([notice], origin, absence.to)
    wakeDeliveries(channels)
    for (const { settings, before } of excused) {
      const state = await this.#excuseOne(settings, before, absence)
      if (state) known.set(state.name, state)
    }
  }

  /** A mail may come in between: then the state is read again, for the absence must not be lost over it. */
  async #excuseOne(settings: MonitorSettings, read: MonitorState, absence: Absence): Promise<MonitorState | null> {
    let before: MonitorState | null = read
    for (let tries = 0; before !== null && tries < triesMax; tries++) {
      const state = excuseAbsence(settings, before, absence)
      if (state === null || (await this.#parts.store.changeMonitor(before, state, [], absence.to)))
        return state ?? before
      before = await this.#read(settings.name)
    }
    return before
  }

  async #beat(now: number): Promise<void> {
    if (this.#lastHeartbeat !== null && Math.abs(now - this.#lastHeartbeat) < heartbeatMs) return
    await this.#parts.store.saveHeartbeat(now)
    this.#lastHeartbeat = now
  }

  /** Judges one monitor and keeps what has changed; when to look at it again. */
  async #judge(settings: MonitorSettings, before: MonitorState): Promise<number> {
    const now = this.#parts.now()
    const judgement = judgeMonitor(settings, before, now)
    if (judgement.event === 'down' && (await this.#mayBeAmongWaiting(settings, before, now))) {
      return now + routingCheckMs
    }
    if (judgement.state !== before && !(await this.#keep(settings, before, judgement, now))) return now
    if (judgement.state.status === 'up') this.#notUp.delete(settings.name)
    else this.#notUp.add(settings.name)
    return judgement.dueAt ?? Number.POSITIVE_INFINITY
  }

  async #mayBeAmongWaiting(settings: MonitorSettings, state: MonitorState, now: number): Promise<boolean> {
    if (settings.when === null || state.failedAt !== null) return false
    return now < troubleAt(settings, state) + routingPatienceMs && (await this.#parts.store.nextMailDueAt()) !== null
  }

  /** False when a mail or ping came first, so that it has to be judged anew. */
  async #keep(
    settings: MonitorSettings,
    before: MonitorState,
    { state: after, event }: MonitorJudgement,
    now: number,
  ): Promise<boolean> {
    const { store, rules, plan, word, wakeDeliveries, emit, log } = this.#parts
    let channels = event === null ? [] : listListeners(settings, event, rules())
    if (event === 'recovery') {
      const told = await closeDownAlerts(store, settings.name, now)
      wakeDeliveries(told)
      channels = channels.filter((channel) => !told.includes(channel))
    }
    const isTold = event === 'down' || (event === 'recovery' && channels.length > 0)
    const occasion = { settings, before, after, channels }
    const raised = isTold ? [await word(planMonitorEvent({ ...occasion, event }, plan, now))] : []
    const kept = await store.changeMonitor(before, after, raised, now)
    if (kept === false) return false
    wakeDeliveries(kept.channels)
    if (event === null) return true
    log(event === 'down' ? 'warn' : 'info', `monitor ${settings.name}: ${event}`, { reason: after.reason })
    const type = event === 'down' ? ('monitor.down' as const) : ('monitor.up' as const)
    emit({ type, monitor: settings.name, reason: after.reason })
    return true
  }

  async #ping(read: () => Promise<MonitorState | null>, kind: PingKind): Promise<MonitorState | null> {
    for (let tries = 0; tries < triesMax; tries++) {
      const before = await read()
      const settings = before && this.#parts.monitors()[before.name]
      if (!before || !settings) return null
      const now = this.#parts.now()
      const judgement = judgeMonitor(settings, takePing(before, kind, now), now)
      if (await this.#keep(settings, before, judgement, now)) {
        this.wake()
        return judgement.state
      }
    }
    throw new Error('the monitor changes faster than it can be read')
  }

  async #read(name: string): Promise<MonitorState | null> {
    const states = await this.#parts.store.listMonitorStates()
    return states.find((state) => state.name === name) ?? null
  }

  #complain(message: string, error: unknown): void {
    this.#parts.log('error', message, { error: error instanceof Error ? error.message : String(error) })
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }
}
