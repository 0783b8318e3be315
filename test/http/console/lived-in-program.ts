import { type Program, startProgram } from '../../program/start-program.js'
import { startTelegram, type TelegramStandIn } from '../../stand-ins/telegram.js'
import { until } from '../../stand-ins/until.js'
import { startWebhookSink, type WebhookSink } from '../../stand-ins/webhook-sink.js'

/** A server at which everything happened once that the console has a page for. */
export interface LivedInProgram {
  program: Program
  telegram: TelegramStandIn
  sink: WebhookSink
  /** One call of the API as the owner; rejects with the answer when it is refused. */
  call: (method: string, path: string, body?: unknown) => Promise<Answer>
  mails: Record<MailName, string>
  /** The ids of what came of it. */
  ids: { dead: string; waiting: string; sent: string; notification: string; run: string }
  stop: () => Promise<void>
}

type Answer = ReturnType<typeof JSON.parse>

export const hostileSubject = `disk "full" on <b>db1</b> & it's /var 磁碟已滿`
const dayMs = 86_400_000
const oddRoute = `names/with "quotes" & 中文`

const mailTexts = {
  routed: { subject: hostileSubject, text: '/var has 3 % left\nLevel = error' },
  unrouted: { subject: '[sentry] TypeError in checkout', text: 'level = error' },
  held: { subject: 'service web stopped', text: 'nginx' },
  failed: { subject: 'for nobody', text: 'whom no channel reaches' },
  dead: { subject: 'broken one', text: 'refused for good' },
  retried: { subject: 'busy one', text: 'refused for now' },
  resolved: { subject: 'backup failed on db2', text: 'exit code 2' },
  recovered: { subject: 'backup over on db2', text: 'all is well' },
  action: { subject: 'by action', text: 'rewritten' },
  large: {
    to: Array.from({ length: 30 }, (_, index) => `person-${index}@mailtrigger.app`),
    subject: `a subject without end ${'W'.repeat(900)}`,
    text: `${'long line '.repeat(9)}\n`.repeat(2_000),
  },
  malformed: {
    raw: 'From: a@b.example\r\nSubject: broken\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\nno such part',
  },
  html: {
    raw: [
      'From: "Grafana" <alerts@grafana.example>',
      'To: devops@mailtrigger.app',
      'Subject: [FIRING] CPU is hot',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=outer',
      '',
      '--outer',
      'Content-Type: text/html; charset=utf-8',
      '',
      '<h1>Firing</h1><p>CPU at <b>97 %</b></p><img src="https://elsewhere.example/pixel.png">',
      '--outer',
      'Content-Type: text/plain; name="log 1.txt"',
      'Content-Disposition: attachment; filename="log 1.txt"',
      '',
      'one line',
      '--outer--',
      '',
    ].join('\r\n'),
  },
} as const
export type MailName = keyof typeof mailTexts

const routes = (sink: string, telegram: string): string => `version: 1
server:
  smtp: { recipients: ["*@mailtrigger.app"] }
channels:
  inbox: { kind: inbox }
  ops: { kind: webhook, url: "${sink}/ops" }
  broken: { kind: webhook, url: "${sink}/broken", retry: [] }
  busy: { kind: webhook, url: "${sink}/busy", retry: [1h, 1h, 1h] }
  chat: { kind: telegram, bot_token: "1:x", base_url: "${telegram}", updates: off }
people:
  tim@mailtrigger.app: { name: Tim, chat: "111", manager: boss@mailtrigger.app }
  boss@mailtrigger.app: { name: Boss }
groups: { devops: [tim@mailtrigger.app, boss@mailtrigger.app] }
lookups: { owners: { inline: { web: [tim@mailtrigger.app] } } }
monitors:
  nightly-backup: { every: 24h, grace: 1h, on_down: { send: inbox } }
  by-mail: { expect: { when: { from: "backup@*" } }, every: 24h, on_down: { send: inbox } }
routes:
  - name: disks
    when: { subject: { contains: disk } }
    severity: error
    labels: { host: db1 }
    steps: [ { attach: owners }, { set: { title: "Disk: {{ mail.subject }}" } }, { send: { channel: ops, repeat: { every: 1h, times: 3 } } } ]
  - name: Sentry errors
    when: { subject: { starts_with: "[Sentry]", case_sensitive: true }, body: { contains: "level = error" } }
    steps: [ { send: inbox } ]
  - name: services
    when: { subject: { contains: stopped } }
    steps: [ { hold: { for: 1h, key: "{{ mail.subject }}", unless: { subject: { contains: started } } } }, { send: inbox } ]
  - { name: nobody, when: { subject: for nobody }, steps: [ { recipients: [stranger@mailtrigger.app] }, { send: chat } ] }
  - { name: broken, when: { subject: { contains: broken } }, steps: [ { send: broken } ] }
  - { name: busy, when: { subject: { contains: busy } }, severity: critical, steps: [ { send: busy } ] }
  - { name: backups, when: { subject: { contains: backup failed } }, steps: [ { set: { fingerprint: db2 } }, { send: inbox } ] }
  - { name: over, when: { subject: { contains: backup over } }, steps: [ { resolve: db2 } ] }
  - { name: hot, when: { subject: { contains: FIRING } }, steps: [ { dedupe: { key: "{{ mail.subject }}", for: 1h } }, { send: inbox } ] }
  - { name: ${JSON.stringify(oddRoute)}, when: { subject: { contains: without end } }, steps: [ { send: inbox } ], stop: true }
  - { name: by action, when: { subject: { contains: by action } }, steps: [ { run: owner }, { send: inbox } ] }
  - { name: switched off, enabled: false, when: { subject: never }, steps: [ { send: inbox } ] }
`

const actionSource = `export const handle = () => ({ recipients: ['tim@mailtrigger.app'], title: 'By the action', reason: 'it said so' })`
const jobSource = `export function run() {
  mailtrigger.db.exec('CREATE TABLE IF NOT EXISTS seen (id INTEGER PRIMARY KEY, subject TEXT)')
  mailtrigger.db.exec('INSERT INTO seen (subject) VALUES (?)', ["it's <seen> 磁碟"])
  console.log('looked at "everything" <b>')
  mailtrigger.notify({ title: 'the job says hello', text: 'all is well' })
}`

/** Starts it, and lets everything happen. */
export async function startLivedInProgram(): Promise<LivedInProgram> {
  const sink = await startWebhookSink()
  const telegram = await startTelegram()
  sink.replyWith(({ path }) => {
    if (path === '/broken') return { status: 400, body: `no such room "4711" <b>'` }
    return path === '/busy' ? { status: 503, body: 'come back later' } : { status: 200 }
  })
  // The action is uploaded before a route names it.
  const yaml = routes(sink.url, telegram.url)
  const program = await startProgram(yaml.replace('{ run: owner }, ', ''))
  const call = callApi(program)
  await enterThings(call, telegram.url)
  program.writeRoutes(yaml)
  await program.app.reload()
  const mails = await sendMails(program)
  await call('POST', '/jobs/night-watch/run')
  await call('PUT', '/jobs/night-watch', jobForm({ schedule: '15 3 * * 1-5' }))
  await rejectOne(program)
  const ids = await findIds(program, mails)
  await call('POST', `/notifications/${ids.notification}/acknowledge`, { note: `on it, "now" <b>` })
  return {
    program,
    telegram,
    sink,
    call,
    mails,
    ids,
    async stop() {
      await program.stop()
      await Promise.all([sink.stop(), telegram.stop()])
    },
  }
}

/** The pages of single things, by their addresses. */
export function listDetails({ mails, ids }: Pick<LivedInProgram, 'mails' | 'ids'>): string[] {
  const { html: mail } = mails
  const mailNames: MailName[] = ['routed', 'unrouted', 'held', 'failed', 'resolved', 'large', 'malformed']
  const tabs = ['deliveries', 'html', 'text', 'headers', 'attachments', 'raw', 'timeline', 'route-test']
  return [
    ...mailNames.map((name) => `/mails/${mails[name]}`),
    ...tabs.map((tab) => `/mails/${mail}/${tab}`),
    ...[ids.dead, ids.waiting, ids.sent].map((id) => `/deliveries/${id}`),
    `/notifications/${ids.notification}`,
    '/routes/disks',
    '/channels/desk',
    '/channels/busy',
    '/people/tim%40mailtrigger.app',
    `/people/${encodeURIComponent("o'eve+x@mailtrigger.app")}`,
    '/actions/owner',
    '/jobs/night-watch',
    `/runs/${ids.run}`,
    '/monitors/nightly-backup',
    '/account',
  ]
}

function callApi(program: Program): LivedInProgram['call'] {
  return async (method, path, body) => {
    const isRaw = typeof body === 'string' || body instanceof FormData
    const answer = await fetch(`${program.app.http.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${program.app.token}` },
      ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text)
  }
}

function jobForm(fields: Record<string, string>): FormData {
  const form = new FormData()
  form.append('module', new File([jobSource], 'night-watch.ts'))
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  return form
}

async function enterThings(call: LivedInProgram['call'], telegramUrl: string): Promise<void> {
  await call('PUT', '/actions/owner?filename=owner.ts', actionSource.replace('it said so', 'it says so'))
  await call('PUT', '/actions/owner?filename=owner.ts', actionSource)
  await call('PUT', '/jobs/night-watch', jobForm({ schedule: '0 3 * * *', timezone: 'Asia/Taipei', send: 'inbox' }))
  const settings = { bot_token: '2:stored', base_url: telegramUrl, updates: 'off', chat_id: '42' }
  await call('POST', '/channels', { name: 'desk', kind: 'telegram', settings })
  await call('PUT', `/people/${encodeURIComponent("o'eve+x@mailtrigger.app")}`, {
    name: 'Eve "the" <b>',
    channels: { chat: '222' },
  })
  await call('POST', '/silences', { routes: ['quiet*'], for: '2h', comment: `works on "db1" <b>` })
  const nextWeek = new Date(Date.now() + 7 * dayMs).toISOString()
  await call('POST', '/silences', { channels: ['inbox-*'], starts_at: nextWeek, for: '2h' })
  const over = await call('POST', '/silences', { labels: { host: 'db*' }, for: '2h' })
  await call('DELETE', `/silences/${over.id}`)
  await call('POST', '/rules', { subject: 'job', name: '*', event: 'on_failure', channels: ['inbox'] })
  await call('POST', '/monitors/nightly-backup/ping', {})
  await call('POST', '/tokens', { name: 'ci "1"', role: 'viewer' })
  await call('POST', '/users', { name: 'lin 林', role: 'operator', password: 'a long pass phrase' })
  await call('POST', '/channels/busy/pause', { reason: 'works on "it"' })
  await call('POST', '/channels/busy/resume')
}

async function sendMails(program: Program): Promise<Record<MailName, string>> {
  const mails = {} as Record<MailName, string>
  for (const [name, mail] of Object.entries(mailTexts) as [MailName, (typeof mailTexts)[MailName]][]) {
    mails[name] = await program.send(mail)
    await program.mailWhen(mails[name], ({ status }) => status !== 'stored')
  }
  // The same again is not sent again, and a list has a second page.
  const others = [await program.send(mailTexts.html)]
  for (let count = 0; count < 60; count++) others.push(await program.send({ subject: `disk number ${count}` }))
  const isTried = ({ status }: { status: string }) => status !== 'queued' && status !== 'processing'
  for (const id of [mails.dead, mails.retried, mails.routed, mails.action, ...others.slice(1)]) {
    await program.mailWhen(id, ({ delivery_list: deliveries }) => deliveries.some(isTried))
  }
  await program.app.calls.replayMails([mails.routed], 'test')
  await program.mailWhen(
    mails.routed,
    ({ traces, delivery_list: deliveries }) =>
      traces.length > 1 && deliveries.every(({ status }) => status !== 'processing'),
  )
  return mails
}

/** A recipient of nobody we know: it stands in the log of what was refused. */
async function rejectOne(program: Program): Promise<void> {
  const before = program.events.length
  await program.send({ to: ['somebody@elsewhere.example'] }).catch(() => undefined)
  await until(
    () => program.events.slice(before).some(({ type }) => type === 'mail.rejected'),
    'a mail to elsewhere is refused',
  )
}

async function findIds(program: Program, mails: Record<MailName, string>): Promise<LivedInProgram['ids']> {
  const { calls } = program.app
  const detailOf = async (name: MailName) => {
    const mail = await calls.readMail(mails[name])
    const [delivery] = mail?.delivery_list ?? []
    if (!mail || !delivery) throw new Error(`nothing came of the mail "${name}"`)
    return { delivery: delivery.id, notification: mail.notifications[0]?.id ?? '' }
  }
  const { delivery: sent, notification } = await detailOf('routed')
  const [run] = (await calls.listRuns('night-watch', { limit: 1 })).items
  if (!run) throw new Error('the job did not run')
  return {
    sent,
    notification,
    dead: (await detailOf('dead')).delivery,
    waiting: (await detailOf('retried')).delivery,
    run: run.id,
  }
}
