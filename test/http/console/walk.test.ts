import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openSqlite } from '#src/store/sqlite/binding.js'
import { type Program, startProgram } from '../../program/start-program.js'
import { startTelegram, type TelegramStandIn } from '../../stand-ins/telegram.js'
import { until } from '../../stand-ins/until.js'
import { startWebhookSink, type WebhookSink } from '../../stand-ins/webhook-sink.js'
import { chromiumPath, openChromium } from './open-chromium.js'

vi.setConfig({ testTimeout: 60_000 })

/** A folder for pictures of what was seen on the way; without it none are made. */
const pictures = process.env.MAILTRIGGER_SCREENSHOTS
const stepMs = 10_000
const password = 'correct horse battery'
const asWritten = 'subject: { starts_with: "[Sentry]", case_sensitive: true }'
const asMended = 'subject: { starts_with: "[sentry]" }'

const commonMails = [
  ['sentry@mailtrigger.app', '[Sentry] SHOP-41 - TimeoutError: payment took 30 s'],
  ['monit@db1.example', 'monit alert -- nginx does not exist on web3'],
  ['backup@db1.example', 'nightly backup of db1 failed'],
  ['sentry@mailtrigger.app', '[Sentry] API-7 - RangeError: page must not be negative'],
  ['jenkins@ci.example', 'Build failed in Jenkins: release #318'],
  ['backup@db2.example', 'nightly backup of db2 failed'],
  ['uptime@status.example', 'DOWN: shop.example is not reachable'],
  ['sentry@mailtrigger.app', '[Sentry] API-8 - Error: connect ECONNREFUSED'],
]

const routesOf = (sink: string, subject: string): string => `version: 1
channels:
  inbox: { kind: inbox }
  ops: { kind: webhook, url: "${sink}/ops", retry: [] }
people: { tim@mailtrigger.app: { name: Tim } }
routes:
  - name: Sentry errors
    when: { ${subject}, body: { contains: level = error } }
    severity: error
    steps: [ { send: inbox } ]
  - name: backups
    when: { subject: { contains: backup } }
    steps: [ { send: ops } ]
`

let browser: Browser
let sink: WebhookSink
let telegram: TelegramStandIn
let program: Program
let context: BrowserContext
let isPictured: boolean
let page: Page

const heading = (name: string | RegExp): Locator => page.getByRole('heading', { level: 1, name })
const button = (name: string | RegExp): Locator => page.getByRole('button', { name })
const link = (name: string | RegExp): Locator => page.getByRole('link', { name })
const see = (text: string | RegExp): Promise<void> => page.getByText(text).first().waitFor()
const open = (path: string): Promise<unknown> => page.goto(`${program.app.http.url}${path}`)

async function startWalk(options: { javaScriptEnabled: boolean }): Promise<void> {
  isPictured = options.javaScriptEnabled
  sink = await startWebhookSink()
  telegram = await startTelegram()
  program = await startProgram(routesOf(sink.url, asWritten))
  context = await browser.newContext({ ...options, viewport: { width: 1_280, height: 800 }, reducedMotion: 'reduce' })
  context.setDefaultTimeout(stepMs)
  page = await context.newPage()
}

async function endWalk(): Promise<void> {
  await context.close()
  await program.stop()
  await Promise.all([sink.stop(), telegram.stop()])
}

/** Under the name of what it shows. */
async function picture(name: string): Promise<void> {
  if (pictures === undefined || !isPictured) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`) })
}

async function sendUnrouted(): Promise<string> {
  const id = await program.send({
    subject: '[sentry] TypeError in checkout',
    text: 'Project: shop\nlevel = error\nTypeError: undefined is not a function',
  })
  await program.mailWhen(id, ({ status }) => status === 'unrouted')
  return id
}

describe.skipIf(chromiumPath === null)('somebody new in a browser (skipped where there is no Chromium)', () => {
  beforeAll(async () => {
    browser = await openChromium()
  })
  afterAll(() => browser?.close())

  describe.each([
    ['with scripts', true],
    ['without scripts', false],
  ])('%s', (_, javaScriptEnabled) => {
    let mail: string
    beforeAll(() => startWalk({ javaScriptEnabled }), 60_000)
    afterAll(endWalk)

    it('signs in by the link of the first start, and chooses a name', async () => {
      const { code } = await program.app.calls.createSignInCode('test')
      await open(`/sign-in/once?code=${code}`)
      await button('Sign in').click()
      await heading('Welcome to MailTrigger').waitFor()
      await page.getByLabel('Name').fill("Tim O'Brien")
      await page.getByLabel('Password').fill(password)
      await page.getByLabel('The same again').fill(password)
      await button('Save and go on').click()
      await heading('Overview').waitFor()
      await link("Tim O'Brien").waitFor()
      await picture('overview-first')
    })

    it('sees why a mail went nowhere, and what would have been needed', async () => {
      mail = await sendUnrouted()
      await link('Mails').first().click()
      await link('[sentry] TypeError in checkout').click()
      await heading('[sentry] TypeError in checkout').waitFor()
      await see('Closest route')
      await see(/letter case/)
      await picture('why')
    })

    it('tries a change in the playground, which changes nothing', async () => {
      await link('Try it').first().click()
      await heading('Playground').waitFor()
      await tryMended()
      await see(/would change|matched/)
      await picture('playground')
      expect((await program.app.calls.readMail(mail))?.status).toBe('unrouted')
    })

    it('writes it to the file, and reloads', async () => {
      program.writeRoutes(routesOf(sink.url, asMended))
      await open('/config')
      await button('Reload').click()
      await see(/The config was read again/)
      await picture('config')
    })

    it('replays the mail, and it is delivered', async () => {
      await open(`/mails/${mail}`)
      await page.locator('.heading').getByText('Replay').click()
      await heading('Replay 1 mail').waitFor()
      await see('1 would come out otherwise than before')
      await picture('replay')
      await button('Replay 1 mail').click()
      await see('being routed again')
      const { deliveries } = await program.settled(mail)
      expect(deliveries).toMatchObject([{ status: 'sent', channel: 'inbox' }])
      await open(`/mails/${mail}`)
      await see('sent')
      await picture('why-routed')
    })

    it('acknowledges it, with a note', async () => {
      await open('/notifications')
      await link(/\[sentry\] TypeError/)
        .first()
        .click()
      await page.getByLabel('Note').fill(`on it, "now" <b>`)
      await button('Acknowledge').click()
      await see(`“on it, "now" <b>”`)
      const { items } = await program.app.calls.listNotifications({ limit: 1 })
      expect(items).toMatchObject([{ acked_by: `user:Tim O'Brien`, ack_note: `on it, "now" <b>` }])
    })

    it('retries a group of dead letters, once the channel is mended', async () => {
      sink.replyWith(() => ({ status: 400, body: 'no such room "4711"' }))
      for (const subject of ['backup one', 'backup two']) {
        const id = await program.send({ subject })
        await program.mailWhen(id, ({ delivery_list: list }) => list.some(({ status }) => status === 'dead'))
      }
      await open('/dead-letters')
      await see(/no such room/)
      await picture('dead-letters')
      sink.replyWith(() => ({ status: 200 }))
      await button('Retry all 2').click()
      await heading('Retry of 2 on ops').waitFor()
      await until(
        async () =>
          (await program.app.calls.listDeliveries({ limit: 5, status: 'sent', channel: 'ops' })).items.length === 2,
        'both are sent',
      )
      if (!javaScriptEnabled) await page.reload()
      await see(/2 of 2/)
    })
  })

  describe('with scripts, goes on', () => {
    beforeAll(async () => {
      await startWalk({ javaScriptEnabled: true })
      await open('/sign-in')
      await page.getByLabel('Token').fill(program.app.token)
      await button('Sign in').click()
      await heading('Overview').waitFor()
    }, 60_000)
    afterAll(endWalk)

    it('uploads an action, and sees how far it is', async () => {
      const source = `export const handle = ({ recipients }) => ({ recipients: [...recipients, 'tim@mailtrigger.app'] })`
      await open('/actions')
      await page
        .getByLabel('Module')
        .setInputFiles({ name: 'owner.ts', mimeType: 'text/plain', buffer: Buffer.from(source) })
      const bar = page.getByRole('progressbar', { name: 'Upload' })
      await page.route('**/actions', async (route) => {
        if (route.request().method() === 'POST') await bar.waitFor()
        await route.continue()
      })
      await button('Check and upload').click()
      await see('“owner” is uploaded')
      await page.unroute('**/actions')
      expect(new URL(page.url()).pathname).toBe('/actions/owner')
      await picture('action')
    })

    it('is told the words of the compiler when a module is broken', async () => {
      await open('/actions')
      await page
        .getByLabel('Module')
        .setInputFiles({ name: 'broken.ts', mimeType: 'text/plain', buffer: Buffer.from('export const handle = (') })
      await button('Check and upload').click()
      await see(/Unexpected end of file/)
    })

    it('uploads a job with a database, and watches a run of it', async () => {
      const waiting = holdAnswer()
      await open('/jobs')
      await page.getByLabel('Name', { exact: true }).fill('watch')
      const buffer = Buffer.from(jobSource(`${sink.url}/slow`))
      await page.getByLabel('Module').setInputFiles({ name: 'watch.ts', mimeType: 'text/plain', buffer })
      await page.getByLabel('Database').setInputFiles(makeDatabase())
      await page.getByLabel('Schedule').fill('*/30 * * * *')
      await page.getByLabel('Timezone').fill('Asia/Taipei')
      await page.getByText('More settings').click()
      await page.getByLabel('Hosts its HTTP calls may reach').fill('127.0.0.1')
      await button('Check and upload').click()
      await heading(/watch/).waitFor()
      await button('Run now').first().click()
      await heading('Run of watch').waitFor()
      await see(/running/)
      await see('2 servers are known')
      waiting.letGo()
      await see(/success/)
      await see('the far end said 200')
      await picture('run')
    })

    it('makes a channel, hears what the vendor says, and mends it', async () => {
      await open('/new-channel')
      await page.getByLabel('Search kinds of channels').fill('telegram')
      await link('Telegram').click()
      await page.getByLabel('Bot token').fill('123:abc')
      await page.getByLabel(/^Chat id/i).fill('7')
      await picture('channel')
      await page.getByText('Limits, retries, wording').click()
      await page.getByLabel(/^Base url/i).fill(telegram.url)
      telegram.script({ error_code: 400, description: 'Bad Request: chat not found' })
      await button('Send a test').click()
      await see('chat not found')
      await picture('channel-test')
      await page.getByLabel(/^Chat id/i).fill('42')
      await button('Send a test').click()
      await see('it was taken')
      expect(telegram.messages().at(-1)).toMatchObject({ chat: '42', token: '123:abc' })
      await button('Make the channel').click()
      await see('The channel telegram is made')
      expect(await page.content()).not.toContain('123:abc')
    })

    it('sees at a glance what goes on', async () => {
      sink.replyWith(() => ({ status: 400, body: 'no such room' }))
      for (const [from, subject] of commonMails) await program.send({ from, subject, text: 'level = error' })
      await until(
        async () => (await program.app.calls.listMails({ limit: 50, status: 'stored' })).items.length === 0,
        'all of them are routed',
      )
      await open('/mails')
      await see('nightly backup of db1')
      await picture('mails')
      await open('/?range=1h')
      await see('Throughput')
      await link(/dead letter/i)
        .first()
        .waitFor()
      await picture('overview')
    })

    it('replays by the keyboard alone', async () => {
      const mail = await sendUnrouted()
      program.writeRoutes(routesOf(sink.url, asMended))
      await program.app.reload()
      await open('/mails')
      await press('j', 'o')
      await heading('[sentry] TypeError in checkout').waitFor()
      await tabTo(/^Replay$/)
      await press('Enter')
      await heading('Replay 1 mail').waitFor()
      await tabTo(/^Replay 1 mail$/)
      await press('Enter')
      await see('being routed again')
      const { deliveries } = await program.settled(mail)
      expect(deliveries).toMatchObject([{ status: 'sent' }])
    })
  })
})

async function tryMended(): Promise<void> {
  await button('Try').first().click()
}

async function press(...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key)
}

/** Goes on from where the focus is until it is on what is called so; a page has fewer than 100 stops. */
async function tabTo(name: RegExp): Promise<void> {
  for (let count = 0; count < 100; count++) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate<string>("document.activeElement?.textContent?.trim() ?? ''")
    if (name.test(focused)) return
  }
  throw new Error(`no Tab leads to ${name}`)
}

/** The far end of the job does not answer before it is let. */
function holdAnswer(): { letGo: () => void } {
  let letGo: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  sink.replyWith(async ({ path }) => {
    if (path === '/slow') await held
    return { status: 200 }
  })
  return { letGo: () => letGo() }
}

const jobSource = (url: string): string => `export function run() {
  const [{ count }] = mailtrigger.db.query('SELECT count(*) AS count FROM servers')
  console.log(count + ' servers are known')
  console.log('the far end said ' + mailtrigger.http({ method: 'GET', url: '${url}' }).status)
}`

function makeDatabase(): string {
  const path = join(program.folder, 'watch.sqlite3')
  const database = openSqlite(path)
  database.exec("CREATE TABLE servers (name TEXT); INSERT INTO servers VALUES ('db1'), ('it''s \"web\" 中文')")
  database.close()
  return path
}
