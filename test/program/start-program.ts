import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, startApp } from '#src/app.js'
import { sendMail } from '#src/channels/send-mail.js'
import type { EngineEvent } from '#src/domain/events.js'
import { createLogger } from '#src/log/logger.js'
import type { DeliveryDetail, MailDetail } from '#src/store/store.js'

const waitMs = 20_000

export interface Program {
  app: App
  folder: string
  /** Sends one mail by real SMTP and resolves with its id once it is stored. */
  send: (mail: TestMail) => Promise<string>
  /** Resolves with the mail when it is routed and nothing of it is queued or being sent. */
  settled: (mailId: string) => Promise<{ mail: MailDetail; deliveries: DeliveryDetail[] }>
  /** Resolves with the mail when the condition holds. */
  mailWhen: (mailId: string, holds: (mail: MailDetail) => boolean, timeoutMs?: number) => Promise<MailDetail>
  events: EngineEvent[]
  writeRoutes: (yaml: string) => void
  /** Stops it and starts it again on the same data folder: `app` is another one afterwards. */
  restart: () => Promise<void>
  stop: () => Promise<void>
}

export interface TestMail {
  from?: string
  to?: string[]
  subject?: string
  text?: string
  headers?: Record<string, string>
  /** The whole mail instead. */
  raw?: string | Uint8Array
}

const silent = { level: 'silent' as const, terminal: false, color: false }

/** The whole program in this process, on free ports and a data folder of its own: the same composition `serve` makes. */
export async function startProgram(yaml: string, env: Record<string, string> = {}): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-test-'))
  const file = join(folder, 'routes.yaml')
  writeFileSync(file, yaml)
  const overrides = { data: join(folder, 'data'), smtpListen: ['127.0.0.1:0'], httpListen: '127.0.0.1:0' }
  const source = { paths: [file], overrides, env, inboxOnly: false }
  const events: EngineEvent[] = []
  const start = async (): Promise<App> => {
    const started = await startApp({ source, log: createLogger(silent), logSettings: silent, watch: true })
    started.onEvent((event) => events.push(event))
    return started
  }
  let app = await start()

  const mailWhen: Program['mailWhen'] = async (mailId, holds, timeoutMs = waitMs) => {
    const until = Date.now() + timeoutMs
    for (;;) {
      const mail = await app.calls.readMail(mailId)
      if (mail && holds(mail)) return mail
      if (Date.now() > until)
        throw new Error(`timed out; the mail is ${JSON.stringify(mail, null, 1)?.slice(0, 4_000)}`)
      await nextEvent(app)
    }
  }
  return {
    get app() {
      return app
    },
    folder,
    events,
    mailWhen,
    async send(mail) {
      const before = new Set(events.flatMap((event) => (event.type === 'mail.stored' ? [event.mail_id] : [])))
      await sendTo(app, mail)
      const stored = events.find((event) => event.type === 'mail.stored' && !before.has(event.mail_id))
      if (stored?.type !== 'mail.stored') throw new Error('250 without a stored mail')
      return stored.mail_id
    },
    async settled(mailId) {
      const open = ['queued', 'processing']
      const mail = await mailWhen(
        mailId,
        (one) => one.status !== 'stored' && one.delivery_list.every((line) => !open.includes(line.status)),
      )
      const deliveries: DeliveryDetail[] = []
      for (const line of mail.delivery_list) {
        const detail = await app.calls.readDelivery(line.id)
        if (detail) deliveries.push(detail)
      }
      return { mail, deliveries: deliveries.reverse() }
    },
    writeRoutes: (text) => writeFileSync(file, text),
    async restart() {
      await app.stop()
      app = await start()
    },
    async stop() {
      await app.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What the server answered to the end of DATA. */
export async function sendTo(app: Pick<App, 'smtp'>, mail: TestMail): Promise<string> {
  const { host, port } = app.smtp[0] ?? { host: '127.0.0.1', port: 0 }
  const envelope = { from: mail.from ?? 'service@mailtrigger.app', to: mail.to ?? ['devops@mailtrigger.app'] }
  const headers = Object.entries(mail.headers ?? {}).map(([key, value]) => ({ key, value }))
  const content =
    mail.raw === undefined
      ? { subject: mail.subject ?? 'a test', text: mail.text ?? 'some text', headers }
      : { raw: typeof mail.raw === 'string' ? Buffer.from(mail.raw) : mail.raw }
  return sendMail({ host, port, tls: 'off', auth: null }, { envelope, ...content })
}

/** Something happened, or a short while passed in which an event may have been missed. */
function nextEvent(app: App): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 100)
    app.onEvent(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
