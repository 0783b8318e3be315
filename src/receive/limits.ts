/** The bounds of an SMTP session that are ours to choose, beside those in `SmtpSettings`. Tests shorten them. */
export interface SmtpLimits {
  /** Without a byte from the client. RFC 5321 4.5.3.2 asks for five minutes of patience; an alert sender needs seconds. */
  idleMs: number
  /** From the greeting on, whatever the client does. */
  sessionMs: number
  /** From 354 to the final dot. */
  dataMs: number
  /** From the final dot to the store's answer; then the client hears 451 and keeps the mail. */
  saveMs: number
  /** How long `stop` waits for DATA in progress. */
  stopMs: number
  /** How long a connection lingers after its last reply, so that the client can read it. */
  lingerMs: number
  /** Before a failed AUTH is answered. */
  authFailureDelayMs: number
  authFailuresMax: number
  /**
   * Sockets of a listener beyond the connections that are served: those that hear 421 and are about to end. What is
   * beyond these as well is closed without a word, so that a flood of connections opens no more files.
   */
  socketsSpare: number
  commandBytesMax: number
  /** From the first byte of a command line to its end. */
  commandMs: number
  /** From the first byte of a connection to the end of its PROXY header and TLS handshake; for STARTTLS, from there on. */
  handshakeMs: number
  /** Commands between two accepted mails, RCPT not counted. Postfix has 100 of those that lead to none. */
  commandsWithoutMailMax: number
  /** RCPT commands beyond the recipients that a mail may have. As many as Postfix has. */
  rcptOvershootMax: number
  /** Commands between two accepted mails that are wrong: unknown, malformed, out of order. As many as Postfix has. */
  errorsMax: number
  /** On average, once the time of grace is over. */
  dataBytesPerSecondMin: number
  slowDataGraceMs: number
  /** Received lines of a mail; more mean that it goes round in a loop (RFC 5321 6.3). */
  hopsMax: number
  /** Of one mail in memory while it is received; what is larger goes to the spool. */
  memoryBytesMax: number
  /**
   * Bytes of all mails in memory: half of it for those being received, which go to the spool when it is used up, half
   * for those read back to be saved, which wait for it.
   */
  bytesInFlightMax: number
  /** How many spooled mails may wait for that; further ones hear 452 at once. */
  savesWaitingMax: number
  /** How far beyond the size limit a client is read before the connection is cut. */
  overrunBytesMax: number
}

export const defaultSmtpLimits: SmtpLimits = {
  idleMs: 60_000,
  sessionMs: 600_000,
  dataMs: 300_000,
  saveMs: 30_000,
  stopMs: 10_000,
  lingerMs: 1_000,
  authFailureDelayMs: 1_000,
  authFailuresMax: 3,
  socketsSpare: 256,
  commandBytesMax: 4_096,
  commandMs: 60_000,
  handshakeMs: 30_000,
  commandsWithoutMailMax: 100,
  rcptOvershootMax: 1_000,
  errorsMax: 20,
  dataBytesPerSecondMin: 500,
  slowDataGraceMs: 60_000,
  hopsMax: 50,
  memoryBytesMax: 256 * 1024,
  bytesInFlightMax: 256 * 1024 * 1024,
  savesWaitingMax: 1_000,
  overrunBytesMax: 1_000_000,
}
