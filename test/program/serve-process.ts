import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { MailDetail, MailSummary, Page } from '#src/store/store.js'
import { connectRaw } from '../receive/raw-client.js'
import { until } from '../stand-ins/until.js'

export interface ServeProcess {
  pid: number
  url: string
  smtpPort: number
  token: string
  /** Sends a mail by SMTP and resolves with it once it is routed. */
  route: (raw: string, from: string, to: string) => Promise<MailDetail>
  get: <Answer>(path: string) => Promise<Answer>
  /** Everything it said so far. */
  log: () => string
  kill: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>
  /** Its exit code, once it has ended; null when a signal ended it. */
  ended: Promise<number | null>
}

/** `mailtrigger serve` as a process of its own, which can be killed, on free ports and the folder's routes.yaml. */
export async function startServe(folder: string, flags: string[] = ['--inbox-only']): Promise<ServeProcess> {
  const args = ['serve', ...flags, '--smtp', '127.0.0.1:0', '--http', '127.0.0.1:0']
  const server = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', resolve('dist/main.js'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  })
  const ended = new Promise<number | null>((resolve) => server.once('exit', resolve))
  const log = await said(server, '/api/v1')
  const { url, token, smtp } = JSON.parse(readFileSync(join(folder, 'data', 'runtime.json'), 'utf8')) as {
    url: string
    token: string
    smtp: { port: number }[]
  }
  const get = async <Answer>(path: string): Promise<Answer> => {
    const answer = await fetch(`${url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } })
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
    return (await answer.json()) as Answer
  }
  const seen = new Set<string>()
  return {
    pid: server.pid ?? 0,
    url,
    smtpPort: smtp[0]?.port ?? 0,
    ended,
    token,
    get,
    log,
    async route(raw, from, to) {
      const client = await connectRaw(smtp[0]?.port ?? 0)
      await client.ask('EHLO test.mailtrigger.app')
      await client.ask(`MAIL FROM:<${from}>`)
      await client.ask(`RCPT TO:<${to}>`)
      await client.ask('DATA')
      client.write(`${raw.replace(/\r?\n/g, '\r\n').replace(/\r\n\./g, '\r\n..')}\r\n.\r\n`)
      const reply = await client.reply()
      client.socket.destroy()
      if (!reply.startsWith('250')) throw new Error(reply)
      const { items } = await get<Page<MailSummary>>('/mails')
      const stored = items.find(({ id }) => !seen.has(id))
      if (!stored) throw new Error('250 without a stored mail')
      seen.add(stored.id)
      let mail = await get<MailDetail>(`/mails/${stored.id}`)
      await until(async () => {
        mail = await get<MailDetail>(`/mails/${stored.id}`)
        return mail.status !== 'stored'
      }, 'the mail is routed')
      return mail
    },
    async kill(signal) {
      server.kill(signal)
      await ended
    },
  }
}

/** Resolves, with what gives all of it, once it said these words. */
function said(server: ChildProcess, words: string): Promise<() => string> {
  let text = ''
  server.stderr?.setEncoding('utf8')
  return new Promise((done, reject) => {
    server.stderr?.on('data', (chunk: string) => {
      text += chunk
      if (text.includes(words)) done(() => text)
    })
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${text}`)))
  })
}
