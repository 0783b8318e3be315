import { join } from 'node:path'
import { formatIssues } from './config/print-issues.js'
import { watchConfig } from './config/watch.js'
import type { DiskRoom } from './domain/disk-room.js'
import { ConfigError } from './domain/errors.js'
import type { EngineEvent } from './domain/events.js'
import type { RawMail } from './domain/mail.js'
import { createIdSource } from './domain/new-id.js'
import type { ListenAddress } from './domain/smtp-settings.js'
import { stopInTurn } from './domain/stop-in-turn.js'
import { admitFirst } from './engine/admit-first.js'
import type { EngineCalls, EngineInfo } from './engine/engine-calls.js'
import { startEngineThread } from './engine/engine-thread.js'
import type { ConfigSource } from './engine/load-config.js'
import type { ConfigTrouble } from './http/console/console-env.js'
import { openConsole } from './http/console/open-console.js'
import { createEventLog } from './http/event-log.js'
import { createAccess } from './http/identity/access.js'
import { identityRoutes } from './http/identity/identity-routes.js'
import { createEventMetrics } from './http/metrics/count-events.js'
import { openRuntimeFile } from './http/runtime-file.js'
import type { ServerStatus } from './http/schema/server.js'
import { type HttpListener, startHttp } from './http/start-http.js'
import type { Logger, LogLevel } from './log/logger.js'
import { watchDisk } from './receive/disk-watch.js'
import { findLoop, type LoopBounds } from './receive/find-loop.js'
import { defaultSmtpLimits } from './receive/limits.js'
import { RejectedLog } from './receive/rejected-log.js'
import { type SmtpListener, startSmtp } from './receive/smtp.js'
import { openTlsFiles, tlsPaths } from './receive/tls-files.js'
import { version } from './version.js'

export interface AppOptions {
  source: ConfigSource
  log: Logger
  /** How the engine's thread makes its own logger. */
  logSettings: { level: LogLevel; terminal: boolean; color: boolean }
  /** Reload when a config file is saved. */
  watch: boolean
}

/** The running program. */
export interface App {
  info: EngineInfo
  smtp: SmtpListener['addresses']
  /** `publicUrl`: how people reach it, as far as is known. */
  http: { url: string; publicUrl: string; address: ListenAddress }
  token: string
  calls: EngineCalls
  onEvent: (listener: (event: EngineEvent) => void) => void
  /** Takes over the config as it is on disk now; `actor` is who asked for it. Rejects with `ConfigError`, and the one that runs goes on running. */
  reload: (actor?: string) => Promise<EngineInfo>
  /** Rejects when the engine dies by itself. */
  died: Promise<never>
  /** SMTP first, then the loops, HTTP, the store: what was said 250 to is in the store by then. */
  stop: () => Promise<void>
}

/** Well within the time in which a certificate of our own is made anew before it ends. */
const tlsRenewalMs = 12 * 3_600_000

/** The composition root: makes every part, in order, and gives each what it needs. */
export async function startApp(options: AppOptions): Promise<App> {
  const { source, log } = options
  const listeners: ((event: EngineEvent) => void)[] = []
  const events = createEventLog(Date.now)
  const metrics = createEventMetrics(version, Date.now())
  const onEvent = (event: EngineEvent): void => {
    events.add(event)
    metrics.take(event, Date.now())
    for (const listener of listeners) listener(event)
  }
  const engine = await startEngineThread({ source, log: options.logSettings }, onEvent)
  const stops: (() => Promise<void>)[] = [engine.stop]
  const stopAll = () => stopInTurn(stops)
  try {
    const { calls } = engine
    let info = await calls.info()
    const { dataFolder } = info.server
    const runtime = openRuntimeFile(dataFolder)
    let ready = false
    const access = createAccess({ calls, localToken: () => runtime.token, settings: () => info.server.http })

    const disk = await watchDisk({
      folder: dataFolder,
      freeBytesMin: () => info.server.freeBytesMin,
      onChange: (room) => onEvent(reportDisk(room, log)),
      onProblem: (error) => log.warn({ error }, 'the free space of the disk cannot be found out'),
    })
    stops.push(async () => disk.stop())
    const newId = createIdSource()
    const loopBounds = { instance: info.instance, hopsMax: defaultSmtpLimits.hopsMax }
    const saveBatched = batchSaves(calls)
    const saveMail = refuseLoops(saveBatched, loopBounds)
    const saveFromSmtp = refuseLoops(
      admitFirst(calls, () => info.asksBeforeSaving, saveBatched),
      loopBounds,
    )

    const status = async (): Promise<ServerStatus> => ({
      version,
      pid: process.pid,
      uptime_s: Math.round(process.uptime()),
      config: { hash: info.hash, files: info.files, routes: info.routes, warnings: info.warnings.length },
      smtp: smtp.addresses,
      memory_bytes: process.memoryUsage.rss(),
      disk: describeDisk(disk.read()),
      ...(await calls.readStats()),
    })
    const reloadFor = async (actor: string) => {
      const next = await reload(actor)
      return { hash: next.hash, routes: next.routes }
    }
    let configTrouble: ConfigTrouble | null = null
    const web = openConsole({
      access,
      calls,
      status,
      reload: reloadFor,
      configTrouble: () => configTrouble,
      log,
      now: Date.now,
    })
    const http: HttpListener = await startHttp(info.server.http.listen, {
      calls,
      events,
      log,
      identify: async (c) => (await access.recognise(c))?.identity ?? null,
      isTrustedProxy: access.isTrustedProxy,
      identityRoutes: identityRoutes({ access, calls, show: web.show, log, now: Date.now }),
      consoleRoutes: web.routes,
      counted: metrics.registry,
      url: () => info.server.http.publicUrl ?? browsable(http.url),
      isReady: () => ready,
      saveMail,
      newId: () => newId(Date.now()),
      mailLimits: () => info.server.smtp,
      diskRoom: disk.read,
      reload: reloadFor,
      status,
    })
    stops.push(http.stop)

    const rejected = new RejectedLog(calls.saveRejections, (error) => {
      log.warn({ error: String(error) }, 'the rejected log could not be written, and is tried again')
    })
    stops.push(() => rejected.close())
    const { hostname } = info
    const tlsFiles = await openTlsFiles(info.server.smtp.tls, { dataFolder, hostname, now: Date.now })
    const smtp = await startSmtp({
      settings: info.server.smtp,
      hostname,
      tls: tlsFiles.current(),
      save: saveFromSmtp,
      spoolFolder: join(dataFolder, 'spool'),
      isDiskFull: () => disk.read().isNearlyFull,
      onRejected: (rejection) => rejected.add(rejection),
      known: await calls.listMailsOfToday(),
      onQuotaSpent: (sender, max) =>
        calls.tellQuotaSpent(sender, max).catch((error: unknown) => {
          log.error({ sender, error: String(error) }, 'a spent quota could not be told')
          throw error
        }),
      newId: () => newId(Date.now()),
      now: Date.now,
      log: (level, message, facts) => log[level](facts, message),
    })
    stops.push(smtp.stop)

    const reloadTls = async (): Promise<void> => {
      const { tls } = info.server.smtp
      const trouble = await tlsFiles.reload(tls)
      if (trouble !== null) log.error({ files: tlsPaths(tls), error: trouble }, 'the certificate before stays in use')
      smtp.update(info.server.smtp, tlsFiles.current())
    }
    const reloadOnce = async (actor: string): Promise<EngineInfo> => {
      try {
        info = await calls.reload(actor)
        configTrouble = null
        await reloadTls()
        onEvent({ type: 'config.reloaded', hash: info.hash })
        log.info({ hash: info.hash, routes: info.routes }, 'config reloaded')
        return info
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        const told = error instanceof ConfigError ? formatIssues(error.issues, { color: false }) : message
        if (error instanceof ConfigError) configTrouble = describeTrouble(error)
        onEvent({ type: 'config.rejected', message })
        log.error(`the new config is invalid; the one before stays in force\n${told}`)
        throw error
      }
    }
    let lastReload: Promise<unknown> = Promise.resolve()
    // One after the other: what the last one found on disk is what holds. Who asked hears of the error.
    const reload = (actor = 'signal'): Promise<EngineInfo> => {
      const next = lastReload.then(() => reloadOnce(actor))
      lastReload = next.catch(() => undefined)
      return next
    }
    const watching = new AbortController()
    if (options.watch) {
      const onChange = (): void => {
        reload('watch').catch((error: unknown) => {
          if (!(error instanceof ConfigError)) log.error({ error: String(error) }, 'reload failed')
        })
      }
      const files = (): string[] => [...source.paths, ...info.watched, ...tlsPaths(info.server.smtp.tls)]
      watchConfig({ files, onChange, signal: watching.signal })
    }
    // A pair of our own has to be made anew in time, and where files are not watched, nothing else looks at them.
    const renewal = setInterval(() => {
      reloadTls().catch((error: unknown) => log.error({ error: String(error) }, 'the certificate before stays in use'))
    }, tlsRenewalMs)
    stops.push(() => Promise.resolve(clearInterval(renewal)))
    runtime.write({ url: http.url, smtp: smtp.addresses })
    ready = true
    return {
      info,
      smtp: smtp.addresses,
      http: {
        url: http.url,
        publicUrl: info.server.http.publicUrl ?? browsable(http.url),
        address: http.address,
      },
      token: runtime.token,
      calls,
      onEvent: (listener) => listeners.push(listener),
      reload,
      died: engine.died,
      async stop() {
        ready = false
        watching.abort()
        await stopAll()
        runtime.remove()
      },
    }
  } catch (error) {
    await stopAll()
    throw error
  }
}

function describeTrouble({ message, issues }: ConfigError): ConfigTrouble {
  const errors = issues.filter(({ severity }) => severity === 'error')
  return { at: new Date().toISOString(), message, issues: errors.length }
}

/** Says it in the log, and gives the event. */
function reportDisk({ freeBytes, freeBytesMin, isNearlyFull }: DiskRoom, log: Logger): EngineEvent {
  const facts = { free_bytes: freeBytes ?? 0, free_bytes_min: freeBytesMin }
  if (isNearlyFull) log.error(facts, 'the disk is nearly full: no mail is taken in until there is room again')
  else log.info(facts, 'the disk has room again: mails are taken in')
  return { type: isNearlyFull ? 'disk.full' : 'disk.ok', ...facts }
}

function describeDisk({ freeBytes, freeBytesMin, isNearlyFull }: DiskRoom): ServerStatus['disk'] {
  return { free_bytes: freeBytes, min_free_bytes: freeBytesMin, nearly_full: isNearlyFull }
}

/** Every address of a machine is none to open in a browser. */
function browsable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
}

/** Whichever door a mail comes in by: one that goes round in a loop is not saved, and rejects with `MailRejected`. */
function refuseLoops(save: (mail: RawMail) => Promise<void>, bounds: LoopBounds): (mail: RawMail) => Promise<void> {
  return (mail) => {
    const loop = findLoop(mail.raw, bounds)
    return loop === null ? save(mail) : Promise.reject(loop)
  }
}

/** Mails that end in the same turn of the event loop travel to the store together, and share its commit. */
function batchSaves(calls: EngineCalls): (mail: RawMail) => Promise<void> {
  let batch: RawMail[] = []
  let saving: Promise<void> | null = null
  return (mail) => {
    batch.push(mail)
    saving ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        const mails = batch
        batch = []
        saving = null
        calls.saveMails(mails).then(resolve, reject)
      })
    })
    return saving
  }
}
