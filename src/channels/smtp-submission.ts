import { isIP, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'

/** The SMTP server that takes our mail. */
export interface SmtpHop {
  host: string
  port: number
  secure: boolean
  starttls: 'required' | 'auto' | 'off'
  verifiesTls: boolean
  login: { user: string; password: string } | null
  /** Our name in EHLO. */
  hostname: string
}

export interface SmtpEnvelope {
  from: string
  to: string[]
}

export interface SmtpFailure {
  ok: false
  /** The command the server refused, or where the connection was lost. After `sent` the mail may have been accepted. */
  stage: 'connect' | 'login' | 'sender' | 'recipient' | 'data' | 'sent'
  /** The SMTP reply code, or null when there was no reply. */
  code: number | null
  /** The server announced a SIZE limit below this mail, so it was never offered. */
  isTooLarge: boolean
  text: string
}

export type SmtpResult =
  | { ok: true; code: number; response: string; refused: { address: string; text: string }[] }
  | SmtpFailure

const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 }

/**
 * Hands one mail to an SMTP server over a fresh connection, which ends with it. The connection is driven step by step, rather than by
 * nodemailer's transport, because only so it is known whether a lost connection came before or after the final dot.
 */
export function submitMail(
  socket: Socket,
  hop: SmtpHop,
  envelope: SmtpEnvelope,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<SmtpResult> {
  return new Promise((resolve) => {
    const connection = new SMTPConnection({
      connection: socket,
      host: hop.host,
      port: hop.port,
      secure: hop.secure,
      requireTLS: hop.starttls === 'required',
      ignoreTLS: hop.starttls === 'off',
      name: hop.hostname,
      // The certificate has to be the host's, whatever address the name resolved to.
      tls: { rejectUnauthorized: hop.verifiesTls, ...(isIP(hop.host) === 0 ? { servername: hop.host } : {}) },
      ...timeouts,
    })
    let stage: SmtpFailure['stage'] = 'connect'
    const settle = (result: SmtpResult) => {
      signal.removeEventListener('abort', abort)
      if (result.ok) connection.quit()
      else {
        connection.close()
        socket.destroy()
      }
      resolve(result)
    }
    const fail = (error: SmtpError) => settle(describeFailure(error, stage))
    const abort = () => fail(new Error('the attempt was ended'))

    const send = () => {
      stage = 'data'
      const message = Readable.from([bytes], { objectMode: false })
      message.once('end', () => {
        stage = 'sent'
      })
      connection.send({ ...envelope, size: bytes.length, use8BitMime: true }, message, (error, info) => {
        if (error) fail(error)
        else settle(describeSuccess(info))
      })
    }

    // Stays for good: an error after the answer, such as a reset during QUIT, changes nothing any more.
    connection.on('error', fail)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    connection.connect((error) => {
      if (error) return fail(error)
      if (hop.login === null) return send()
      stage = 'login'
      connection.login({ credentials: { user: hop.login.user, pass: hop.login.password } }, (loginError) => {
        if (loginError) fail(loginError)
        else send()
      })
    })
  })
}

interface SmtpError extends Error {
  code?: string | undefined
  command?: string | undefined
  responseCode?: number | undefined
}

function describeFailure(error: SmtpError, reached: SmtpFailure['stage']): SmtpFailure {
  const code = error.responseCode ?? null
  return {
    ok: false,
    stage: code === null ? reached : (stageOfCommand(error.command ?? '') ?? reached),
    code,
    isTooLarge: error.code === 'EMESSAGE' && error.command === 'MAIL FROM',
    text: `SMTP: ${error.message}`,
  }
}

function stageOfCommand(command: string): SmtpFailure['stage'] | null {
  if (command.startsWith('AUTH')) return 'login'
  if (command === 'MAIL FROM') return 'sender'
  if (command === 'RCPT TO') return 'recipient'
  return command === 'DATA' ? 'data' : null
}

interface SmtpAcceptance {
  response: string
  rejectedErrors?: { recipient?: string | undefined; response?: string | undefined }[] | undefined
}

function describeSuccess(info: SmtpAcceptance): SmtpResult {
  const refused = (info.rejectedErrors ?? []).map(({ recipient, response }) => ({
    address: recipient ?? 'a recipient',
    text: response ?? 'no reason given',
  }))
  return { ok: true, code: Number.parseInt(info.response, 10) || 250, response: info.response, refused }
}
