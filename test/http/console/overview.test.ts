import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MailDetail } from '#src/store/store.js'
import { type Program, startProgram } from '../../program/start-program.js'
import { until } from '../../stand-ins/until.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

let program: Program
let pages: ConsoleReader
let viewer: ConsoleReader
let vendor: Server
let isBlocked = true

beforeAll(async () => {
  vendor = createServer((request, response) => {
    request.resume()
    response.statusCode = isBlocked ? 404 : 200
    response.end(isBlocked ? '<b>"no such hook"' : 'ok')
  }).listen(0, '127.0.0.1')
  await once(vendor, 'listening')
  const { port } = vendor.address() as AddressInfo
  program = await startProgram(`version: 1
channels:
  inbox: { kind: inbox }
  pager: { kind: webhook, url: "http://127.0.0.1:${port}/" }
routes:
  - { name: all, when: { subject: disk }, steps: [ { send: { channel: inbox, repeat: { every: 1h, until: acknowledged } } } ] }
  - { name: pager, when: { subject: page }, steps: [ { send: pager } ] }
`)
  pages = readConsole(program)
  const { token } = await program.app.calls.createToken({ name: 'screen', role: 'viewer', expiresInMs: null }, 'test')
  viewer = readConsole(program, token)
})
afterAll(async () => {
  await program.stop()
  vendor.close()
})

describe('the overview', () => {
  it('shows how the first mail comes in, with the host and port of the door', async () => {
    const { status, text, html } = await pages.show('/')
    expect(status).toBe(200)
    expect(text).toContain('Send your first mail')
    expect(text).toContain(`swaks --server 127.0.0.1:${program.app.smtp[0]?.port}`)
    for (const name of [
      'Sentry',
      'Jenkins',
      'Healthchecks',
      'Monit',
      'Alertmanager',
      'Grafana',
      'Proxmox VE',
      'cron',
    ]) {
      expect(html).toContain(`<summary>${name}</summary>`)
    }
    expect(text).toContain('Nothing waits for you')
  })

  it('counts in the time that is looked at, and draws from tables', async () => {
    const isSent = ({ delivery_list }: MailDetail) => delivery_list.some(({ status }) => status === 'sent')
    await program.mailWhen(await program.send({ subject: 'disk full <script>' }), isSent)
    await program.settled(await program.send({ subject: 'nobody cares' }))
    for (const range of ['1h', '24h', '7d', 'nonsense']) {
      const { status, text, html } = await pages.show(`/?range=${range}`)
      expect(status).toBe(200)
      expect(text).not.toContain('Send your first mail')
      expect(text).toMatch(/Received 2 2 kept/)
      expect(html).toMatch(/<figure class="plot" id="plot-throughput" data-plot="count"/)
      expect(html).toMatch(/<td class="number"><data value="2">2<\/data><\/td>/)
      expect(html).not.toContain('<script>alert')
      expect(html.length).toBeLessThan(60_000)
    }
    const { text } = await pages.show('/')
    expect(text).toContain('1 mail no route took')
  })

  it('acknowledges, retries all of a channel, and resumes it, for operators', async () => {
    const shown = await pages.show('/')
    expect(shown.text).toContain('Nobody acknowledged: disk full <script>')
    const notification = /name="notification" value="([^"]+)"/.exec(shown.html)?.[1] ?? ''
    expect((await viewer.send('/overview/acknowledge', { notification }, '/')).text).toContain(
      'takes the role operator',
    )
    expect((await pages.send('/overview/acknowledge', { notification }, '/')).text).toContain('You acknowledged it')
    expect((await pages.send('/overview/acknowledge', { notification }, '/')).text).toContain('Somebody was quicker')

    const id = await program.send({ subject: 'page somebody' })
    const { mail } = await program.settled(id)
    expect(mail.delivery_list[0]?.status).toBe('dead')
    expect((await pages.show('/')).text).toContain('1 dead letter on pager: HTTP 404 Not Found: <b>"no such hook"')
    isBlocked = false
    expect((await viewer.send('/overview/retry', { channel: 'pager' }, '/')).text).toContain('takes the role operator')
    expect((await pages.send('/overview/retry', { channel: 'pager' }, '/')).text).toContain(
      '1 dead letter on pager will be sent again',
    )
    await program.mailWhen(id, ({ delivery_list }) => delivery_list[0]?.status === 'sent')

    await program.app.calls.pauseChannel('pager', 'it is "odd"', 'test')
    expect((await pages.show('/')).text).toContain('pager is paused: it is "odd"')
    expect((await pages.send('/overview/resume', { channel: 'pager' }, '/')).text).toContain('pager sends again')
    expect((await pages.send('/overview/resume', { channel: 'nobody' }, '/')).text).toContain('there is no channel')
  })

  it('says that the config on disk was refused, and reads it again', async () => {
    program.writeRoutes('version: 1\nroutes: 7\n')
    await until(
      async () => (await pages.show('/')).text.includes('The config on disk was refused'),
      'the refusal is shown',
    )
    const refused = await pages.send('/overview/reload', {}, '/')
    expect(refused.html).toContain('flash failed')
    expect((await viewer.send('/overview/reload', {}, '/')).text).toContain('takes the role admin')
  })
})

describe('stats', () => {
  it.each([
    ['all', 'Throughput'],
    ['channels', 'Sent, by channel'],
    ['routes', 'Mails matched, by route'],
    ['actions', 'No LLM is set up'],
  ])('shows %s in every range', async (view, words) => {
    for (const range of ['1h', '24h', '7d', '30d', '90d']) {
      const { status, text, html } = await viewer.show(`/stats?view=${view}&range=${range}`)
      expect(status).toBe(200)
      expect(text).toContain(words)
      expect(html.length).toBeLessThan(60_000)
    }
  })

  it('tells the success of each channel, and gives the numbers as CSV', async () => {
    const { text, html } = await pages.show('/stats?view=channels')
    expect(text).toMatch(/pager 1 1 50\.0 % 1/)
    const csv = /href="(\/api\/v1\/stats\/series\.csv[^"]+)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const answer = await fetch(`${program.app.http.url}${csv}`, {
      headers: { authorization: `Bearer ${program.app.token}` },
    })
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain(',pager,')
  })
})
