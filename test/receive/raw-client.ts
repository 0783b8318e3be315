import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** An SMTP client that sends exactly what it is told, for what no well-behaved library would send. */
export interface RawClient {
  socket: Socket
  /** Sends the text as it is. */
  write: (text: string | Uint8Array) => void
  /** The next complete reply, multi-line ones joined by newlines. Rejects when the connection ends before it. */
  reply: () => Promise<string>
  /** Sends a line and waits for its reply. */
  ask: (line: string) => Promise<string>
  /** Resolves when the other side ended the connection. */
  closed: Promise<void>
}

/** @param localAddress such as `127.0.0.2`, to be another client */
export async function connectRaw(port: number, isGreeted = true, localAddress = '127.0.0.1'): Promise<RawClient> {
  const socket = connect({ host: '127.0.0.1', port, localAddress })
  const replies: string[] = []
  const waiting: { resolve: (reply: string) => void; reject: (error: Error) => void }[] = []
  let buffered = ''
  let lines: string[] = []
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    buffered += chunk
    for (let end = buffered.indexOf('\r\n'); end >= 0; end = buffered.indexOf('\r\n')) {
      lines.push(buffered.slice(0, end))
      buffered = buffered.slice(end + 2)
      if (!/^\d{3}-/.test(lines.at(-1) ?? '')) {
        const reply = lines.join('\n')
        lines = []
        const next = waiting.shift()
        if (next) next.resolve(reply)
        else replies.push(reply)
      }
    }
  })
  let isClosed = false
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      isClosed = true
      for (const { reject } of waiting.splice(0)) reject(new Error('the connection ended without a reply'))
      resolve()
    })
  })
  const reply = (): Promise<string> => {
    const ready = replies.shift()
    if (ready !== undefined) return Promise.resolve(ready)
    if (isClosed) return Promise.reject(new Error('the connection ended without a reply'))
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
  }
  const write = (text: string | Uint8Array): void => {
    socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text)
  }
  await once(socket, 'connect')
  const client: RawClient = {
    socket,
    write,
    reply,
    ask: (line) => {
      write(`${line}\r\n`)
      return reply()
    },
    closed,
  }
  if (isGreeted) await reply()
  return client
}

/** Greets, names an envelope, and says DATA. */
export async function beginData(client: RawClient, to = 'ops@mailtrigger.app'): Promise<void> {
  for (const line of ['EHLO test', 'MAIL FROM:<monit@host.example>', `RCPT TO:<${to}>`, 'DATA']) {
    const answer = await client.ask(line)
    if (!/^(250|354)/.test(answer)) throw new Error(`${line}: ${answer}`)
  }
}
