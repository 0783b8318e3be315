import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'

export interface SinkMail {
  from: string
  to: string[]
  /** As it came, dots unstuffed, one character a byte. */
  raw: string
  /** The AUTH user, or null. */
  user: string | null
}

type Command = 'CONNECT' | 'EHLO' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'DOT'

export interface SmtpSink {
  host: string
  port: number
  mails: SinkMail[]
  /**
   * What the server does next time it hears `command` (`DOT`: the end of the message): reply with this line, close the
   * connection without a word, or never reply. Each is used once.
   */
  script: (command: Command, reply: string | 'close' | 'hang') => void
  /** Resolves when `count` mails were taken in total. */
  waitFor: (count: number) => Promise<void>
  stop: () => Promise<void>
}

export interface SmtpSinkOptions {
  /** Lines of the EHLO answer. Default: PIPELINING and 8BITMIME. */
  extensions?: string[]
}

/**
 * An SMTP server on port 0 that records every mail and refuses as told. Written out by hand, so that it can break off
 * at any point of the dialogue, which well-behaved servers cannot.
 */
export async function startSmtpSink(options: SmtpSinkOptions = {}): Promise<SmtpSink> {
  const mails: SinkMail[] = []
  const scripted: { command: Command; reply: string }[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  const sockets = new Set<Socket>()

  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    serve(
      socket,
      options.extensions ?? ['PIPELINING', '8BITMIME'],
      (command) => takeScripted(scripted, command),
      (mail) => {
        mails.push(mail)
        for (const waiter of waiting) if (mails.length >= waiter.count) waiter.resolve()
      },
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    mails,
    script: (command, reply) => void scripted.push({ command, reply }),
    waitFor: (count) =>
      mails.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function takeScripted(scripted: { command: Command; reply: string }[], command: Command): string | null {
  const index = scripted.findIndex((entry) => entry.command === command)
  return index < 0 ? null : (scripted.splice(index, 1)[0]?.reply ?? null)
}

/** Speaks one session. Lines are handled in the order they came, so pipelined commands work. */
function serve(
  socket: Socket,
  extensions: string[],
  next: (command: Command) => string | null,
  onMail: (mail: SinkMail) => void,
): void {
  let mail: SinkMail = { from: '', to: [], raw: '', user: null }
  let inData = false
  let pending = ''
  const answer = (command: Command, normal: string): boolean => {
    const reply = next(command) ?? normal
    if (reply === 'close') socket.destroy()
    else if (reply !== 'hang') socket.write(`${reply}\r\n`)
    return reply === normal
  }
  const endData = () => {
    inData = false
    if (answer('DOT', '250 2.0.0 taken')) onMail(mail)
    mail = { from: '', to: [], raw: '', user: mail.user }
  }
  const handle = (line: string) => {
    if (inData) {
      if (line === '.') endData()
      else mail.raw += `${line.startsWith('.') ? line.slice(1) : line}\r\n`
      return
    }
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'EHLO')
      answer(
        'EHLO',
        ['sink', ...extensions].map((text, i, all) => `250${i < all.length - 1 ? '-' : ' '}${text}`).join('\r\n'),
      )
    else if (verb === 'AUTH') {
      const [, user = ''] = Buffer.from(line.split(' ')[2] ?? '', 'base64')
        .toString()
        .split('\0')
      if (answer('AUTH', '235 2.7.0 welcome')) mail.user = user
    } else if (verb === 'MAIL') {
      mail.from = /<(.*?)>/.exec(line)?.[1] ?? ''
      answer('MAIL', '250 2.1.0 ok')
    } else if (verb === 'RCPT') {
      if (answer('RCPT', '250 2.1.5 ok')) mail.to.push(/<(.*?)>/.exec(line)?.[1] ?? '')
    } else if (verb === 'DATA')
      inData = answer('DATA', mail.to.length > 0 ? '354 go on' : '503 5.5.1 no recipients') && mail.to.length > 0
    else if (verb === 'QUIT') socket.end('221 bye\r\n')
    else socket.write(verb === 'RSET' || verb === 'NOOP' ? '250 ok\r\n' : '502 5.5.1 unknown command\r\n')
  }
  answer('CONNECT', '220 sink ESMTP')
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    pending += chunk
    const lines = pending.split('\r\n')
    pending = lines.pop() ?? ''
    for (const line of lines) handle(line)
  })
}
