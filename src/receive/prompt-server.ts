import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import type { SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js'
import { clientKeyOf } from './client-ranges.js'
import { type ConnectionRules, PromptConnection } from './prompt-connection.js'
import { type ProxyHeader, readProxyHeader } from './proxy-protocol.js'

export interface ServerRules extends ConnectionRules {
  /** Has this address, a proxy's, to say for whom it calls before anything else? */
  mustNameClient: (address: string) => boolean
  /** How many TLS handshakes this client may have open at a time, before it is a session; null for no limit. */
  handshakesMax: (address: string) => number | null
  /** A proxy did not say it, or not in a way that can be read. */
  onNamelessClient: (proxy: string, why: string) => void
}

type HandOver = Parameters<SMTPServer['_handleProxy']>[1]

/**
 * smtp-server waits a fixed 100 ms before its greeting, to catch clients that talk too early. A service that opens a
 * connection per alert pays that for every alert, so this one greets on the next turn of the event loop; a client that
 * talks before the greeting is still refused. It also gives each session its connection, which handlers are not given.
 *
 * What comes before the greeting, a PROXY header and the handshake of implicit TLS, it bounds in time and number:
 * smtp-server knows an idle timeout there, which a byte now and then renews.
 */
export class PromptSmtpServer extends SMTPServer {
  readonly #connections = new WeakMap<SMTPServerSession, PromptConnection>()
  /** How many are under way, by client. */
  readonly #handshakes = new Map<string, number>()
  readonly #rules: ServerRules

  constructor(options: SMTPServerOptions, rules: ServerRules) {
    super(options)
    this.#rules = rules
  }

  connectionOf(session: SMTPServerSession): PromptConnection | undefined {
    return this.#connections.get(session)
  }

  override connect(socket: Socket | TLSSocket, socketOptions?: SMTPConnectionOptions | null): void {
    const connection = new PromptConnection(this, socket, socketOptions, this.#rules)
    this.connections.add(connection)
    this.#connections.set(connection.session, connection)
    connection.on('error', (error: Error) => this._onError(error))
    connection.init()
  }

  override _acceptSocket(socket: Socket, handshake: boolean): (() => void) | false {
    const isProxy = this._expectsProxyHeader(socket)
    if (!handshake && !isProxy) return super._acceptSocket(socket, handshake)
    // A proxy opens all its clients' connections from one address.
    const leave = isProxy ? () => undefined : this.#enter(addressOf(socket))
    const release = leave !== null && super._acceptSocket(socket, handshake)
    if (!release) {
      leave?.()
      socket.on('error', () => undefined)
      socket.destroy()
      return false
    }
    // The topmost socket goes: Node does not bear it that TLS loses the socket below it in the middle of a handshake.
    const overdue = setTimeout(
      () => (this._pendingSockets.get(socket) ?? socket).destroy(),
      this.#rules.limits.handshakeMs,
    )
    const settle = (): void => {
      clearTimeout(overdue)
      leave()
    }
    socket.once('close', settle)
    return () => {
      settle()
      release()
    }
  }

  override _expectsProxyHeader(socket: Socket): boolean {
    return this.#rules.mustNameClient(addressOf(socket))
  }

  /**
   * smtp-server reads version 1 only, from single addresses, and leniently. A connection from a proxy without a header
   * that can be read ends here: it would pass for the proxy itself.
   */
  override _handleProxy(socket: Socket, handOver: HandOver): void {
    if (!this._expectsProxyHeader(socket)) {
      super._handleProxy(socket, handOver)
      return
    }
    receiveProxyHeader(socket, (header) => {
      if (header.kind === 'read') {
        handOver(null, optionsFor(header))
        return
      }
      if (header.kind === 'refused') this.#rules.onNamelessClient(addressOf(socket), header.why)
      socket.on('error', () => undefined)
      socket.destroy()
      handOver(new Error('no PROXY header'))
    })
  }

  /** Counts a handshake of this client until the returned function is called; null when there are as many as may be. */
  #enter(address: string): (() => void) | null {
    const client = clientKeyOf(address)
    const count = this.#handshakes.get(client) ?? 0
    const most = this.#rules.handshakesMax(address)
    if (most !== null && count >= most) return null
    this.#handshakes.set(client, count + 1)
    let isIn = true
    return () => {
      if (!isIn) return
      isIn = false
      const left = (this.#handshakes.get(client) ?? 1) - 1
      if (left === 0) this.#handshakes.delete(client)
      else this.#handshakes.set(client, left)
    }
  }
}

/** A dual-stack listener shows IPv4 clients as IPv6. */
function addressOf(socket: Socket): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:/i, '')
}

/** smtp-server gives every session an id; here it wants one given. */
function optionsFor({ client }: Extract<ProxyHeader, { kind: 'read' }>): Parameters<HandOver>[1] {
  const id = crypto.randomUUID()
  return client === null ? { id } : { id, remoteAddress: client.address, remotePort: client.port }
}

/** Calls back once: with what was read, the bytes after it put back into the socket, or that there was nothing to read. */
function receiveProxyHeader(
  socket: Socket,
  onHeader: (header: Exclude<ProxyHeader, { kind: 'more' }> | { kind: 'gone' }) => void,
): void {
  let bytes = Buffer.alloc(0)
  const settle = (header: Parameters<typeof onHeader>[0]): void => {
    socket.removeListener('readable', onReadable)
    for (const event of ['error', 'end', 'close']) socket.removeListener(event, onGone)
    onHeader(header)
  }
  const onGone = (): void => settle({ kind: 'gone' })
  const onReadable = (): void => {
    for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
      bytes = Buffer.concat([bytes, chunk])
      const header = readProxyHeader(bytes)
      if (header.kind === 'more') continue
      const rest = header.kind === 'read' ? bytes.subarray(header.restFrom) : Buffer.alloc(0)
      if (rest.length > 0) socket.unshift(rest)
      settle(header)
      return
    }
  }
  socket.on('readable', onReadable)
  for (const event of ['error', 'end', 'close']) socket.on(event, onGone)
}
