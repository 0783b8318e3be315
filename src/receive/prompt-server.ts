import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js'

/**
 * smtp-server waits a fixed 100 ms before its greeting, to catch clients that talk too early. A service that opens a
 * connection per alert pays that for every alert, so this one greets on the next turn of the event loop; a client that
 * talks before the greeting is still refused. It also gives each session its connection, which handlers are not given.
 */
export class PromptSmtpServer extends SMTPServer {
  readonly #connections = new WeakMap<SMTPServerSession, PromptConnection>()
  readonly #onTooLarge: (session: SMTPServerSession) => void

  /** `onTooLarge` hears of mails refused at MAIL FROM by their declared SIZE, which reach no handler. */
  constructor(options: SMTPServerOptions, onTooLarge: (session: SMTPServerSession) => void) {
    super(options)
    this.#onTooLarge = onTooLarge
  }

  connectionOf(session: SMTPServerSession): PromptConnection | undefined {
    return this.#connections.get(session)
  }

  override connect(socket: Socket | TLSSocket, socketOptions?: SMTPConnectionOptions | null): void {
    const connection = new PromptConnection(this, socket, socketOptions, this.#onTooLarge)
    this.connections.add(connection)
    this.#connections.set(connection.session, connection)
    connection.on('error', (error: Error) => this._onError(error))
    connection.init()
  }
}

export class PromptConnection extends SMTPConnection {
  readonly #onTooLarge: (session: SMTPServerSession) => void

  constructor(
    server: PromptSmtpServer,
    socket: Socket | TLSSocket,
    options: SMTPConnectionOptions | null | undefined,
    onTooLarge: (session: SMTPServerSession) => void,
  ) {
    super(server, socket, options)
    this.#onTooLarge = onTooLarge
  }

  override init(): void {
    this._setListeners(() => {
      setImmediate(() => this.connectionReady())
    })
  }

  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    if (context === 'MESSAGE_TOO_BIG') this.#onTooLarge(this.session)
    super.send(code, data, context)
  }

  /** Ends the session with a 421. A client that does not hang up by itself is cut off after `lingerMs`. */
  dismiss(message: string, lingerMs: number): void {
    this.send(421, message)
    this.#destroyAfter(lingerMs)
  }

  /** Ends the session in the middle of DATA: says why, reads nothing more, and cuts the connection. */
  cut(code: number, message: string, lingerMs: number): void {
    this.send(code, message)
    // Reading on would let the client pour data for as long as it likes; destroying at once would reset the connection
    // and throw the reply away before the client has seen it.
    if (this._parser) this._socket.unpipe(this._parser)
    this._socket.pause()
    this.#destroyAfter(lingerMs)
  }

  #destroyAfter(lingerMs: number): void {
    const socket = this._socket
    const timer = setTimeout(() => socket.destroy(), lingerMs)
    socket.once('close', () => clearTimeout(timer))
  }
}
