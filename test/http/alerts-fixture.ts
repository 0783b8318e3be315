import { type Program, startProgram } from '../program/start-program.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { createContract } from './contract.js'

const contract = createContract()

export interface AlertsProgram {
  program: Program
  sink: WebhookSink
  /** Sends a mail whose alert asks for an acknowledgement; the ids, and the path of its link. */
  alert: (subject: string) => Promise<{ mailId: string; notificationId: string; deliveryId: string; link: string }>
  /** Sends a mail whose alert is refused for good. */
  deadLetter: (subject: string) => Promise<void>
  call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>
  stop: () => Promise<void>
}

export interface Answer {
  status: number
  headers: Headers
  text: string
  json: ReturnType<typeof JSON.parse>
}

/** The whole program with a route whose alerts ask for an answer, monitors, and a channel that is down. */
export async function startAlerts(): Promise<AlertsProgram> {
  const sink = await startWebhookSink()
  const program = await startProgram(`version: 1
server: { http: { public_url: "https://alerts.mailtrigger.app" } }
channels:
  hook: { kind: webhook, url: "${sink.url}/hook" }
  broken: { kind: webhook, url: "${sink.url}/broken", retry: [] }
  inbox: { kind: inbox }
monitors:
  nightly-backup: { every: 24h, grace: 1h, on_down: { send: inbox } }
  by-mail: { expect: { when: { from: "backup@*" } }, every: 24h, on_down: { send: inbox } }
routes:
  - name: disks
    when: { subject: { contains: disk } }
    severity: error
    labels: { host: db1 }
    steps:
      - set: { fingerprint: "{{ mail.subject }}" }
      - send: { channel: hook, repeat: { every: 1h, times: 3 } }
  - { name: broken, when: { subject: { contains: broken } }, steps: [ { send: broken } ] }
  - { name: quiet, when: { subject: { contains: quiet } }, steps: [ { send: inbox } ] }
`)
  sink.replyWith(({ path }) => (path === '/broken' ? { status: 400, body: `no such room 4711'"` } : { status: 200 }))

  const call: AlertsProgram['call'] = async (method, path, body, headers = {}) => {
    const answer = await fetch(`${program.app.http.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${program.app.token}`, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (path.startsWith('/api/v1/')) {
      const type = answer.headers.get('content-type') ?? ''
      contract.check({ method, path, status: answer.status, type, body: text })
    }
    return { status: answer.status, headers: answer.headers, text, json: /^[{[]/.test(text) ? JSON.parse(text) : null }
  }
  return {
    program,
    sink,
    call,
    async alert(subject) {
      const mailId = await program.send({ subject })
      const mail = await program.mailWhen(mailId, (one) => one.delivery_list.some(({ status }) => status === 'sent'))
      const notificationId = mail.notifications[0]?.id ?? ''
      const deliveryId = mail.delivery_list.find(({ status }) => status === 'sent')?.id ?? ''
      const urls = sink.requests.flatMap(({ json }) => (json as { data: { ack_url?: string } }).data.ack_url ?? [])
      const url = urls.find((one) => one.includes(deliveryId)) ?? ''
      return { mailId, notificationId, deliveryId, link: new URL(url).pathname }
    },
    async deadLetter(subject) {
      const mailId = await program.send({ subject })
      await program.mailWhen(mailId, (one) => one.delivery_list.some(({ status }) => status === 'dead'))
    },
    async stop() {
      await program.stop()
      await sink.stop()
    },
  }
}
