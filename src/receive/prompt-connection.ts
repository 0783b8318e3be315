import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { SMTPServer, SMTPServerSession } from 'smtp-server'
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js'
import { MailRejected } from '../domain/errors.js'
import { CommandBudget } from './command-budget.js'
import { type CommandFault, checkCommand, verbOf } from './command-line.js'
import type { LineFault } from './data-decoder.js'
import type { SmtpLimits } from './limits.js'
import { StrictStream } from './strict-stream.js'

/** What is decided below the handlers of smtp-server, which hear of whole commands that it knows. */
export interface ConnectionRules {
  limits: SmtpLimits
  recipientsMax: () => number
  /** May this address, a mail server's or a proxy's, say by XCLIENT for whom it speaks? */
  trustsXclient: (address: string) => boolean
  /** There are passwords, and this session has to use TLS before it may send one. */
  withholdsAuth: (session: SMTPServerSession) => boolean
  /** A mail was refused at MAIL FROM by its declared SIZE. */
  onTooLarge: (session: SMTPServerSession) => void
  /** The session is ended from here; the handlers will only see it close. */
  onEnded: (session: SMTPServerSession, rejection: MailRejected) => void
  /** XCLIENT put another client in place of the one that connected. What is returned ends the session. */
  onNewClient: (session: SMTPServerSession) => MailRejected | null
}

/** How often the pace of a mail is looked at, once `slowDataGraceMs` are over. */
const paceMs = 5_000

/** One connection: smtp-server's, with the bounds it lacks on what a client may send, how much of it, and how slowly. */
export class PromptConnection extends SMTPConnection {
  readonly #rules: ConnectionRules
  readonly #budget: CommandBudget
  #lineTimer: NodeJS.Timeout | undefined
  #paceTimer: NodeJS.Timeout | undefined
  #lineFault: LineFault | null = null

  constructor(
    server: SMTPServer,
    socket: Socket | TLSSocket,
    options: SMTPConnectionOptions | null | undefined,
    rules: ConnectionRules,
  ) {
    super(server, socket, options)
    this.#rules = rules
    const { commandsWithoutMailMax, rcptOvershootMax, errorsMax } = rules.limits
    this.#budget = new CommandBudget({
      commandsMax: commandsWithoutMailMax,
      recipientCommandsMax: rules.recipientsMax() + rcptOvershootMax,
      errorsMax,
    })
  }

  /** Why the mail that came last must be refused, whatever is in it; null when its line ends are sound. */
  get lineFault(): MailRejected | null {
    return this.#lineFault === null ? null : describeFault(this.#lineFault)
  }

  /** smtp-server waits 100 ms here; see `PromptSmtpServer`. */
  override init(): void {
    // Or for a turn of the event loop there would be a session without a client, among those that others look at.
    this._resetSession()
    this._setListeners(() => {
      setImmediate(() => this.connectionReady())
    })
  }

  // The constructor of smtp-server calls it, before there is any field of ours, and STARTTLS calls it again.
  override _createParser(): StrictStream {
    const parser = new StrictStream(
      { maxCommandLength: this._server.options.maxCommandLength },
      {
        onLine: (state) => this.#awaitLine(state),
        onData: (state) => this.#awaitData(parser, state),
      },
    )
    parser.oncommand = (command, callback) => this._onCommand(command, callback)
    parser.on('error', () => this.#end(new MailRejected(421, 'not_smtp', '5.5.2 the command line is too long')))
    return parser
  }

  override _onCommand(command: Buffer, callback: () => void = () => undefined): void {
    const isServed = this._ready && !this._upgrading && this._server._closeTimeout === false
    // What answers an AUTH is no command, and what comes too early or too late is not looked at.
    const fault = isServed && !this._nextHandler ? this.#judgeCommand(command) : null
    if (fault === null) super._onCommand(command, callback)
    else if (fault instanceof MailRejected) this.#end(fault)
    else {
      this.send(fault.code, fault.message)
      // As smtp-server does: a flood of wrong commands leaves the event loop to others, and waits for its replies to go.
      setImmediate(() => this._whenWritable(callback))
    }
  }

  /** A `MailRejected` ends the session. */
  #judgeCommand(command: Buffer): CommandFault | MailRejected | null {
    const verb = verbOf(command)
    const over = this.#budget.takeCommand(verb)
    if (over !== null) return new MailRejected(421, 'too_many_commands', over)
    const fault = checkCommand(command)
    if (fault?.isLast) return new MailRejected(fault.code, 'not_smtp', fault.message)
    if (fault !== null || this._isSupported(verb)) return fault
    return verb === 'AUTH' && this.#rules.withholdsAuth(this.session)
      ? { code: 538, message: '5.7.11 STARTTLS comes before AUTH here', isLast: false }
      : { code: 500, message: '5.5.2 unknown command', isLast: false }
  }

  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    if (context === 'MESSAGE_TOO_BIG') this.#rules.onTooLarge(this.session)
    if (context === 'DATA_OK') this.#budget.reset()
    const over = this._closing ? null : this.#budget.takeReply(code)
    if (over !== null) this.#rules.onEnded(this.session, new MailRejected(421, 'too_many_commands', over))
    super.send(over === null ? code : 421, over ?? withoutLogin(data), over === null ? context : undefined)
  }

  override handler_HELP(_command: Buffer, callback: () => void): void {
    this.send(214, 'EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP QUIT')
    callback()
  }

  override _isDisabled(command: string): boolean {
    return command === 'XCLIENT' ? !this.#rules.trustsXclient(this._originalRemoteAddress) : super._isDisabled(command)
  }

  /** smtp-server compares addresses; ranges are what operators write. Once the client is named, it cannot be again. */
  override _proxyCommandAllowed(command: string): boolean {
    return command === 'XCLIENT' && !this._xClient.has('ADDR') && !this._isDisabled(command)
  }

  /** LOGIN counts for nothing: who logs in somewhere else is no user here. nginx sends it whether offered or not. */
  override handler_XCLIENT(command: Buffer, callback: () => void): void {
    const before = this.remoteAddress
    const attributes = command.toString('latin1').replace(/(\s)LOGIN=\S*/gi, '$1LOGIN=[UNAVAILABLE]')
    super.handler_XCLIENT(Buffer.from(attributes, 'latin1'), () => {
      const rejection = this.remoteAddress === before ? null : this.#rules.onNewClient(this.session)
      if (rejection !== null) this.#close(rejection)
      callback()
    })
  }

  override upgrade(callback: () => void, secureCallback?: () => void): void {
    clearTimeout(this.#lineTimer)
    const socket = this._socket
    super.upgrade(callback, secureCallback)
    const overdue = setTimeout(() => {
      if (this._upgrading) socket.destroy()
    }, this.#rules.limits.handshakeMs)
    socket.once('close', () => clearTimeout(overdue))
  }

  override _onTimeout(): void {
    const parser = this._parser
    // The disk is slow then, not the client.
    if (parser instanceof StrictStream && parser.isHeldUp) this._armTimeout()
    // The client believes that its mail is over, so it should hear what is wrong with the end.
    else if (parser instanceof StrictStream && parser._dataMode && parser.fault !== null && !this._closing) {
      this.#cutFor(describeFault(parser.fault))
    } else super._onTimeout()
  }

  override _onClose(): void {
    clearTimeout(this.#lineTimer)
    clearTimeout(this.#paceTimer)
    super._onClose()
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

  /** Sends what is still to be sent and waits for nothing: a client that was not let in holds no socket. */
  leave(): void {
    this._socket.destroySoon()
  }

  #end(rejection: MailRejected): void {
    this.#rules.onEnded(this.session, rejection)
    this.#close(rejection)
  }

  #close({ smtpCode, message }: MailRejected): void {
    this.send(smtpCode, message)
    this.close()
    this.#destroyAfter(this.#rules.limits.lingerMs)
  }

  #cutFor(rejection: MailRejected): void {
    this.#rules.onEnded(this.session, rejection)
    this.cut(rejection.smtpCode, rejection.message, this.#rules.limits.lingerMs)
  }

  /** A byte now and then keeps a connection from being idle, so a line has a time of its own to be whole. */
  #awaitLine(state: 'begun' | null): void {
    clearTimeout(this.#lineTimer)
    if (state === null || this._closing) return
    const late = new MailRejected(421, 'too_slow', '4.4.2 the command line took too long')
    this.#lineTimer = setTimeout(() => this.#end(late), this.#rules.limits.commandMs)
  }

  /** The same for a mail: what it has to keep up with is its pace, since its length is not known. */
  #awaitData(parser: StrictStream, state: 'begun' | 'ended'): void {
    clearTimeout(this.#paceTimer)
    this.#lineFault = state === 'begun' ? null : parser.fault
    if (state === 'ended') return
    const { slowDataGraceMs, dataBytesPerSecondMin } = this.#rules.limits
    const look = (elapsedMs: number): void => {
      const isSlow = parser.dataBytes < (dataBytesPerSecondMin * elapsedMs) / 1_000
      if (isSlow && !parser.isHeldUp) {
        const message = `4.4.2 DATA came slower than ${dataBytesPerSecondMin} bytes a second`
        this.#cutFor(new MailRejected(421, 'too_slow', message))
      } else this.#paceTimer = setTimeout(() => look(elapsedMs + paceMs), paceMs)
    }
    this.#paceTimer = setTimeout(() => look(slowDataGraceMs), slowDataGraceMs)
  }

  #destroyAfter(lingerMs: number): void {
    const socket = this._socket
    const timer = setTimeout(() => socket.destroy(), lingerMs)
    socket.once('close', () => clearTimeout(timer))
  }
}

function describeFault(fault: LineFault): MailRejected {
  return fault === 'bare_cr'
    ? new MailRejected(550, 'bad_line_ends', '5.6.11 a carriage return stands without its line feed')
    : new MailRejected(550, 'bad_line_ends', '5.6.11 only CR LF . CR LF ends a mail')
}

/** The line of EHLO that offers XCLIENT, without the attribute that we do not believe. */
function withoutLogin(data: string | string[] | null | undefined): string | string[] | null | undefined {
  if (!Array.isArray(data)) return data
  return data.map((line) => (line.startsWith('XCLIENT ') ? line.replace(' LOGIN', '') : line))
}
