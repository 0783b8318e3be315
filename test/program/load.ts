import type { MailSummary, Page } from '#src/store/store.js'
import { beginData, connectRaw, type RawClient } from '../receive/raw-client.js'
import type { WebhookSink } from '../stand-ins/webhook-sink.js'
import type { ServeProcess } from './serve-process.js'

/** Mails that come in over several sessions at a time, until stopped. */
export interface Load {
  /** Subjects of the mails that were said 250 to. */
  acknowledged: Set<string>
  /** Ends the sessions after the mail they are at. */
  stop: () => Promise<void>
}

export interface LoadOptions {
  sessions: number
  /** Every so many mails one is too large for memory. */
  largeEvery: number
  /** Where to send now; null while nobody is there, and then it is asked again. */
  port: () => number | null
}

const retryMs = 20
const mailsPerSession = 10
const smallBytes = 1_000
const largeBytes = 400_000

/** Like senders with a queue, but for one thing: what is not acknowledged is not sent again, so that losses show. */
export function startLoad({ sessions, largeEvery, port }: LoadOptions): Load {
  const acknowledged = new Set<string>()
  let running = true
  let count = 0
  const sendSome = async (at: number): Promise<void> => {
    const client = await connectRaw(at)
    try {
      for (let mail = 0; mail < mailsPerSession && running; mail++) {
        const subject = `load-${++count}`
        const reply = await sendOne(client, subject, count % largeEvery === 0 ? largeBytes : smallBytes)
        if (reply.startsWith('250')) acknowledged.add(subject)
      }
    } finally {
      client.socket.destroy()
    }
  }
  const sendUntilStopped = async (): Promise<void> => {
    while (running) {
      const at = port()
      // The server was stopped under this session: what it did not acknowledge is the sender's to send again.
      const isDone =
        at !== null &&
        (await sendSome(at).then(
          () => true,
          () => false,
        ))
      if (!isDone) await new Promise((resolve) => setTimeout(resolve, retryMs))
    }
  }
  const senders = Array.from({ length: sessions }, sendUntilStopped)
  return {
    acknowledged,
    async stop() {
      running = false
      await Promise.all(senders)
    },
  }
}

/** The reply to the final dot, or to what was refused before. */
export async function sendOne(client: RawClient, subject: string, bodyBytes: number): Promise<string> {
  try {
    await beginData(client)
  } catch (error) {
    if (error instanceof Error && /: [45]\d\d/.test(error.message)) return error.message.replace(/^.*?: /, '')
    throw error
  }
  const line = `${'some text '.repeat(7)}\r\n`
  const body = line.repeat(Math.ceil(bodyBytes / line.length))
  client.write(`Subject: ${subject}\r\nFrom: load@mailtrigger.app\r\n\r\n${body}.\r\n`)
  return client.reply()
}

/** The subjects of all mails that the API lists, page by page, each as often as it is there. */
export async function listStored(server: Pick<ServeProcess, 'get'>): Promise<string[]> {
  const subjects: string[] = []
  for (let cursor = ''; ; ) {
    const page = await server.get<Page<MailSummary>>(`/mails?limit=100${cursor && `&cursor=${cursor}`}`)
    for (const { subject } of page.items) subjects.push(subject ?? '')
    if (page.next_cursor === null) return subjects
    cursor = encodeURIComponent(page.next_cursor)
  }
}

/** The titles of what was sent to the webhook, each as often as it was. */
export function listDelivered(hook: Pick<WebhookSink, 'requests'>): string[] {
  return hook.requests.map(({ json }) => (json as { data: { title: string } }).data.title)
}

export function missingFrom(whole: Iterable<string>, part: Iterable<string>): string[] {
  const known = new Set(whole)
  return [...part].filter((entry) => !known.has(entry))
}

/** A config of one route and one webhook, which retries at once. */
export function oneHook(hook: Pick<WebhookSink, 'url'>, server = ''): string {
  return `version: 1
${server}defaults: { retry: [200ms, 500ms, 1s, 2s, 5s] }
channels: { hook: { kind: webhook, url: "${hook.url}" } }
routes: [ { name: all, steps: [ { send: hook } ] } ]
`
}
