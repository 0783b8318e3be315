import { createTransport } from 'nodemailer'

export interface OutgoingMail {
  envelope: { from: string; to: string[] }
  /** The whole mail as it is; the other fields are then not used. */
  raw?: Uint8Array
  subject?: string
  text?: string
  headers?: { key: string; value: string }[]
  attachments?: { filename: string; content: Uint8Array }[]
}

export interface SmtpServer {
  host: string
  port: number
  tls: 'starttls' | 'tls' | 'off'
  auth: { user: string; pass: string } | null
}

const timeoutMs = 30_000

/**
 * Hands one mail to an SMTP server and returns its last answer: how the `send` command and the demo put a mail into the
 * server, by the same way a service would. Certificates are not verified, because the server's own may be self-signed.
 */
export async function sendMail(server: SmtpServer, mail: OutgoingMail): Promise<string> {
  const transport = createTransport({
    host: server.host,
    port: server.port,
    secure: server.tls === 'tls',
    requireTLS: server.tls === 'starttls',
    ignoreTLS: server.tls === 'off',
    tls: { rejectUnauthorized: false },
    ...(server.auth ? { auth: server.auth } : {}),
    connectionTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  try {
    const { envelope } = mail
    const content = mail.raw
      ? { raw: Buffer.from(mail.raw) }
      : {
          from: envelope.from,
          to: envelope.to,
          subject: mail.subject ?? '',
          text: mail.text ?? '',
          headers: mail.headers ?? [],
          attachments: (mail.attachments ?? []).map(({ filename, content: bytes }) => ({
            filename,
            content: Buffer.from(bytes),
          })),
        }
    const result = await transport.sendMail({ envelope, ...content })
    return String(result.response)
  } finally {
    transport.close()
  }
}
