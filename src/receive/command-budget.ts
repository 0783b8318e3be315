export interface CommandBudgetLimits {
  /** Commands, RCPT left out, after which a client should have sent a mail. */
  commandsMax: number
  /** RCPT commands, refused ones and repeated ones counted. */
  recipientCommandsMax: number
  /** Replies that say a command was wrong, not that it was refused. */
  errorsMax: number
}

/** Replies to what no client that speaks SMTP sends. Refusals of a sender, a recipient or a password are none of them. */
const errorCodes = new Set([500, 501, 502, 503, 504, 555])

/**
 * Counts what a session does between two accepted mails. Guessing, flooding with RSET or RCPT, and living on NOOP all
 * stay below every timeout, and end here.
 */
export class CommandBudget {
  readonly #limits: CommandBudgetLimits
  #commands = 0
  #recipientCommands = 0
  #errors = 0

  constructor(limits: CommandBudgetLimits) {
    this.#limits = limits
  }

  /** Null, or why the session ends. */
  takeCommand(verb: string): string | null {
    if (verb === 'RCPT') this.#recipientCommands++
    else this.#commands++
    const isOver =
      this.#commands > this.#limits.commandsMax || this.#recipientCommands > this.#limits.recipientCommandsMax
    return isOver ? '4.7.0 too many commands without a mail' : null
  }

  /** Null, or why the session ends. */
  takeReply(code: number): string | null {
    if (errorCodes.has(code)) this.#errors++
    return this.#errors >= this.#limits.errorsMax ? '4.7.0 too many errors' : null
  }

  /** A mail was accepted. */
  reset(): void {
    this.#commands = 0
    this.#recipientCommands = 0
    this.#errors = 0
  }
}
