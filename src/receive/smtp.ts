import type { AddressInfo } from 'node:net'
import type { SMTPServerOptions } from 'smtp-server'
import type { RawMail } from '../domain/mail.js'
import type { Rejection } from '../domain/rejection.js'
import type { ListenAddress, SmtpSettings } from '../domain/smtp-settings.js'
import { ByteBudget } from './byte-budget.js'
import type { MailRoom } from './kept-mail.js'
import { defaultSmtpLimits, type SmtpLimits } from './limits.js'
import { createLoginLimits } from './login-limits.js'
import { checkExposure, compilePolicy } from './policy.js'
import { PromptSmtpServer, type ServerRules } from './prompt-server.js'
import { createSenderCounts, type SenderCountsOptions } from './sender-limits.js'
import { createSessions, type Sessions } from './session.js'
import { openSpool } from './spool.js'
import { checkTls, type TlsMaterial, tlsOptions } from './tls.js'
import type { SessionContext } from './transaction.js'

export interface SmtpOptions extends Pick<SenderCountsOptions, 'known' | 'onQuotaSpent'> {
  settings: SmtpSettings
  /** The name in the greeting. */
  hostname: string
  tls: TlsMaterial
  /**
   * Resolves when the mail is durable: only then the client hears 250. A `MailRejected` is passed on to the client; any
   * other failure is a 451, and the client keeps the mail.
   */
  save: (mail: RawMail) => Promise<void>
  onRejected: (rejection: Rejection) => void
  newId: () => string
  now: () => number
  log: SessionContext['log']
  /** A folder of this listener's own, for large mails while they are received. It is emptied at once. */
  spoolFolder: string
  /** Whether mails are to be refused because the disk is nearly full. */
  isDiskFull: () => boolean
  limits?: Partial<SmtpLimits>
}

export interface SmtpListener {
  /** Where it listens; a configured port 0 shows as the port the system chose. */
  addresses: { host: string; port: number; tls: 'starttls' | 'implicit' }[]
  /**
   * New sessions get the new policy and certificate. The listeners stay as they are, whatever `listen` says now. Throws,
   * and changes nothing, for a certificate that cannot be used and for a policy that `checkExposure` refuses.
   */
  update: (settings: SmtpSettings, tls: TlsMaterial) => void
  /** Stops listening, lets mails in DATA end, and says 421 to everybody else. */
  stop: () => Promise<void>
}

/**
 * Listens on every address of the settings. Rejects when one cannot be listened on, or when the settings would leave
 * an open door beyond loopback (see `checkExposure`); then nothing listens.
 */
export async function startSmtp(options: SmtpOptions): Promise<SmtpListener> {
  const exposure = checkExposure(options.settings)
  if (exposure !== null) throw new Error(exposure)

  const limits = { ...defaultSmtpLimits, ...options.limits }
  const servers: PromptSmtpServer[] = []
  let policy = compilePolicy(options.settings)
  let isStopping = false
  const sessions = createSessions({
    limits,
    room: await openRoom(options, limits),
    policy: () => policy,
    connectionOf: (session) => servers.map((server) => server.connectionOf(session)).find((one) => one !== undefined),
    sessions: () => servers.flatMap((server) => [...server.connections].map(({ session }) => session)),
    counts: createSenderCounts({ known: options.known, onQuotaSpent: options.onQuotaSpent, now: options.now }),
    logins: createLoginLimits(options.now),
    isStopping: () => isStopping,
    save: options.save,
    onRejected: options.onRejected,
    newId: options.newId,
    now: options.now,
    log: options.log,
  })

  const rules: ServerRules = {
    ...sessions.rules,
    limits,
    recipientsMax: () => policy.recipientsMax,
    trustsXclient: (address) => policy.trustsXclient(address),
    mustNameClient: (address) => policy.mustNameClient(address),
    handshakesMax: (client) => policy.limitedSender({ client, user: null })?.limits.connectionsMax ?? null,
    onNamelessClient: (proxy, why) => options.onRejected(namelessClient(options.now(), proxy, why)),
  }
  const addresses: SmtpListener['addresses'] = []
  const listen = async (address: ListenAddress, tls: 'starttls' | 'implicit'): Promise<void> => {
    const server = createServer(options, rules, sessions, tls)
    servers.push(server)
    addresses.push({ host: address.host, port: await startListening(server, address), tls })
  }
  try {
    for (const address of options.settings.listen) await listen(address, 'starttls')
    for (const address of options.settings.implicitTls) await listen(address, 'implicit')
  } catch (error) {
    await stopServers(servers, sessions, limits)
    throw error
  }

  return {
    addresses,
    update: (settings, tls) => {
      const problem = checkExposure({ ...settings, listen: addresses, implicitTls: [] })
      if (problem !== null) throw new Error(problem)
      const trouble = checkTls(tls)
      if (trouble !== null) throw new Error(trouble)
      policy = compilePolicy(settings)
      for (const server of servers) {
        server.options.size = settings.sizeBytesMax
        server.options.maxClients = settings.connectionsMax
        server.server.maxConnections = settings.connectionsMax + limits.socketsSpare
        server.updateSecureContext(tlsOptions(tls, settings.tls.versionMin))
      }
    },
    stop: async () => {
      isStopping = true
      await stopServers(servers, sessions, limits)
    },
  }
}

async function openRoom({ spoolFolder, isDiskFull, log }: SmtpOptions, limits: SmtpLimits): Promise<MailRoom> {
  const halfBytes = limits.bytesInFlightMax / 2
  return {
    receiving: new ByteBudget(halfBytes, 0),
    saving: new ByteBudget(halfBytes, limits.savesWaitingMax),
    spool: await openSpool(spoolFolder, (error) => log('warn', 'a spooled mail is left behind', { error })),
    memoryBytesMax: limits.memoryBytesMax,
    isDiskFull,
  }
}

function createServer(
  options: SmtpOptions,
  rules: ServerRules,
  sessions: Sessions,
  tls: 'starttls' | 'implicit',
): PromptSmtpServer {
  const { limits } = rules
  const settings: SMTPServerOptions = {
    name: options.hostname,
    banner: 'MailTrigger',
    heloResponse: '%s',
    secure: tls === 'implicit',
    ...tlsOptions(options.tls, options.settings.tls.versionMin),
    size: options.settings.sizeBytesMax,
    // Bounds the sockets whose TLS handshake is still open; sessions are counted over all listeners.
    maxClients: options.settings.connectionsMax,
    maxCommandLength: limits.commandBytesMax,
    socketTimeout: limits.idleMs,
    closeTimeout: limits.stopMs,
    // Who may send is decided at MAIL FROM, and where AUTH is offered per session.
    authOptional: true,
    allowInsecureAuth: true,
    authMethods: ['PLAIN', 'LOGIN'],
    // Firmware and scripts send addresses that the strict grammar refuses (`user.@host`); their alerts count as well.
    lenientAddressParsing: true,
    disableReverseLookup: true,
    logger: false,
    ...sessions.handlers,
  }
  const server = new PromptSmtpServer(settings, rules)
  server.server.maxConnections = options.settings.connectionsMax + limits.socketsSpare
  server.on('error', (error: Error & { remoteAddress?: string; meta?: { remoteAddress?: string } }) => {
    const client = error.remoteAddress ?? error.meta?.remoteAddress ?? null
    options.log('warn', 'an SMTP connection failed', { client, error: error.message })
  })
  return server
}

function namelessClient(at: number, proxy: string, why: string): Rejection {
  const message = `4.7.0 ${why}`
  return { at, client: proxy, from: null, rcpt: null, user: null, reason: 'no_proxy_header', code: 421, message }
}

/** Resolves with the port. */
function startListening(server: PromptSmtpServer, { host, port }: ListenAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(new Error(`cannot listen for SMTP on ${host}:${port}: ${error.message}`, { cause: error }))
    server.server.once('error', fail)
    server.listen({ host, port }, () => {
      server.server.removeListener('error', fail)
      resolve((server.server.address() as AddressInfo).port)
    })
  })
}

async function stopServers(servers: PromptSmtpServer[], sessions: Sessions, limits: SmtpLimits): Promise<void> {
  const listening = servers.filter((server) => server.server.listening)
  await Promise.all(listening.map((server) => stopServer(server, sessions, limits)))
}

/** smtp-server itself says 421 to every later command and, after `stopMs`, to whoever is left. */
function stopServer(server: PromptSmtpServer, sessions: Sessions, limits: SmtpLimits): Promise<void> {
  return new Promise((resolve) => {
    const open = [...server.connections]
    server.close(resolve)
    for (const connection of open) {
      if (sessions.isReceiving(connection.session)) continue
      server.connectionOf(connection.session)?.dismiss('4.3.2 shutting down', limits.lingerMs)
    }
  })
}
