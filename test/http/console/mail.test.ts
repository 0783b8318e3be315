import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../../program/start-program.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

let sink: Server
let program: Program
let pages: ConsoleReader
let viewer: ConsoleReader
let answerStatus = 400
const pageBytesMax = 60_000
const hostile = `<b>'"&</b>`

beforeAll(async () => {
  sink = createServer((request, response) => {
    request.resume()
    response.writeHead(request.url === '/fine' ? 200 : answerStatus).end('Forbidden: <bot> was blocked')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => sink.once('listening', resolve))
  const { port } = sink.address() as AddressInfo
  const many = Array.from(
    { length: 500 },
    (_, index) =>
      `  - { name: "many ${index} ${hostile.replaceAll('"', '\\"')}", when: { subject: "nothing ${'long '.repeat(20)}" }, steps: [ { send: inbox } ] }`,
  )
  program = await startProgram(`version: 1
channels:
  inbox: { kind: inbox }
  pager: { kind: webhook, url: "http://127.0.0.1:${port}/", retry: [] }
  hook: { kind: webhook, url: "http://127.0.0.1:${port}/fine" }
server: { http: { public_url: "https://alerts.mailtrigger.app" }, smtp: { max_recipients: 5000 } }
routes:
  - { name: "Sentry errors", when: { subject: { starts_with: "[Sentry]", case_sensitive: true }, body: error }, steps: [ { send: inbox } ] }
  - { name: Pager, when: { subject: page }, steps: [ { send: pager } ] }
  - { name: Asked, when: { subject: answer me }, steps: [ { send: { channel: hook, repeat: { every: 1h, times: 2 } } } ] }
${many.join('\n')}
`)
  pages = readConsole(program)
  const made = await fetch(`${program.app.http.url}/api/v1/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${program.app.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'reader', role: 'viewer' }),
  })
  viewer = readConsole(program, ((await made.json()) as { token: string }).token)
})
afterAll(async () => {
  await program.stop()
  sink.close()
})

describe('why no route took a mail', () => {
  it('names the closest route, what stood between, and a condition that would match', async () => {
    const id = await program.send({ subject: '[sentry] Project "1"', text: 'level = error' })
    await program.settled(id)
    const { html, text } = await pages.show(`/mails/${id}`)
    expect(text).toContain('Closest route: Sentry errors')
    expect(text).toContain('subject starts_with "[Sentry]"')
    expect(text).toContain('[sentry] Project "1"')
    const link = /href="(\/playground\?mail=[^"]+suggestion=[^"]+)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const query = new URL(link, 'http://here').searchParams
    expect(query.get('mail')).toBe(id)
    expect(query.get('route')).toBe('Sentry errors')
    expect(query.get('suggestion')).toContain('[sentry]')
    expect(html).not.toContain(hostile)
  })

  it('stays small with five hundred routes, and has them all on further pages', async () => {
    const id = await program.send({ subject: '[sentry] again', text: 'error' })
    await program.settled(id)
    const seen = new Set<string>()
    let path: string | undefined = `/mails/${id}`
    for (let count = 0; path !== undefined && count < 60; count++) {
      const { html } = await pages.show(path)
      expect(Buffer.byteLength(html)).toBeLessThan(pageBytesMax)
      for (const [, name = ''] of html.matchAll(/class="route-name">([^<]*)</g)) seen.add(name)
      path = /href="([^"]*)" rel="next"/.exec(html)?.[1]?.replaceAll('&amp;', '&')
    }
    const { traces } = (await program.app.calls.readMail(id)) ?? { traces: [] }
    expect(seen.size).toBe(traces[0]?.routes.length)
  })
})

describe('a mail that was routed several times', () => {
  it('keeps the trace of each routing, and shows the last one first', async () => {
    const id = await program.send({ subject: 'page once', text: 'x' })
    await program.settled(id)
    const first = await pages.show(`/mails/${id}`)
    expect(first.text).not.toContain('routing 1 of')
    await pages.send(`/mails/${id}/replay`, {})
    await program.mailWhen(id, ({ generation, traces }) => generation === 1 && traces.length === 2)
    const second = await pages.show(`/mails/${id}`)
    expect(second.text).toContain('routing 2 of 2')
    expect(second.html).toContain('<a href="/config">')
    expect(second.html).toContain(`href="/mails/${id}?generation=0"`)
    expect((await pages.show(`/mails/${id}?generation=0`)).text).toContain('An earlier routing, of')
  })
})

describe('what can be done on the page', () => {
  it('a dead letter is tried again, and cancelled for good', async () => {
    answerStatus = 400
    const id = await program.send({ subject: 'page me', text: 'x' })
    await program.settled(id)
    const { text } = await pages.show(`/mails/${id}/deliveries`)
    expect(text).toContain('dead letter')
    expect(text).toContain('Forbidden: <bot> was blocked')
    answerStatus = 200
    const [delivery] = (await program.app.calls.readMail(id))?.delivery_list ?? []
    const refused = await viewer.send(`/mails/${id}/deliveries/${delivery?.id}/retry`, {}, `/mails/${id}`)
    expect(refused.text).toContain('this takes the role operator')
    expect((await pages.send(`/mails/${id}/deliveries/${delivery?.id}/retry`, {})).text).toContain('being sent again')
    await program.mailWhen(id, ({ deliveries }) => deliveries.sent === 1)
    const late = await pages.send(`/mails/${id}/deliveries/${delivery?.id}/cancel`, {}, `/mails/${id}`)
    expect(late.text).toContain('There is nothing to cancel')
    const other = await program.send({ subject: 'another', text: 'x' })
    const foreign = await pages.send(`/mails/${other}/deliveries/${delivery?.id}/retry`, {}, `/mails/${other}`)
    expect(foreign.text).toContain('There is nothing to retry')
  })

  it('what asks to be acknowledged is, with a note', async () => {
    const id = await program.send({ subject: 'answer me', text: 'x' })
    await program.mailWhen(id, ({ deliveries }) => deliveries.sent === 1)
    const { html } = await pages.show(`/mails/${id}`)
    const action = /action="(\/mails\/[^"]+\/acknowledge)"/.exec(html)?.[1] ?? ''
    const after = await pages.send(action, { note: `I am on it ${hostile}` }, `/mails/${id}`)
    expect(after.text).toContain(`acknowledged by user:api: I am on it ${hostile}`)
    expect(after.html).not.toContain(hostile)
    expect((await pages.show(`/mails/${id}/timeline`)).text).toContain('Asked acknowledged')
  })
})

describe('a long mail', () => {
  const word = `<&"'磁> `
  it.each(['text', 'raw'])('is shown in parts under %s, all of it', async (tab) => {
    const body = word.repeat(12_000)
    const id = await program.send({
      subject: 'long',
      raw: `Subject: ${'long "'.repeat(300)}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${body}\r\n`,
    })
    await program.settled(id)
    let read = 0
    let path: string | undefined = `/mails/${id}/${tab}`
    while (path !== undefined && read < 100) {
      const { html, status } = await pages.show(path)
      expect(status).toBe(200)
      expect(Buffer.byteLength(html)).toBeLessThan(pageBytesMax)
      read++
      path = /href="([^"]*)" rel="next"/.exec(html)?.[1]?.replaceAll('&amp;', '&')
    }
    expect(read).toBeGreaterThan(5)
    expect(read).toBeLessThan(100)
  })

  it('of two megabytes has small pages, all of them', async () => {
    const lines = `${'y'.repeat(70)} <b>&amp;</b>\r\n`.repeat(24_000)
    const headers = Array.from({ length: 300 }, (_, index) => `X-Long-${index}: ${'"'.repeat(500)}\r\n`).join('')
    const id = await program.send({ raw: `${headers}Subject: big\r\nContent-Type: text/html\r\n\r\n${lines}` })
    await program.settled(id)
    for (const tab of [
      '',
      '/deliveries',
      '/html',
      '/text',
      '/headers',
      '/attachments',
      '/raw',
      '/timeline',
      '/route-test',
    ]) {
      const { html, status } = await pages.show(`/mails/${id}${tab}`)
      expect(status).toBe(200)
      expect(Buffer.byteLength(html), tab).toBeLessThan(pageBytesMax)
    }
    expect((await pages.show(`/mails/${id}/raw`)).text).toContain('Download all')
    expect((await pages.show(`/mails/${id}/headers`)).html).toContain('rel="next"')
  })
})

describe('the other views', () => {
  it('the timeline tells what happened in its order', async () => {
    const id = await program.send({ subject: 'page by time', text: 'x' })
    await program.settled(id)
    const { text } = await pages.show(`/mails/${id}/timeline`)
    const places = ['stored before the sender heard 250', 'by Pager', 'pager: '].map((part) => text.indexOf(part))
    expect(places.every((place) => place > 0)).toBe(true)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
  })

  it('a route test of the mail is there to copy and to download', async () => {
    const id = await program.send({ subject: '[Sentry] "quoted" </textarea>', text: 'error' })
    await program.settled(id)
    const { html, text } = await pages.show(`/mails/${id}/route-test`)
    expect(text).toContain('routes:')
    expect(text).toContain('Sentry errors')
    expect(html.match(/<\/textarea>/g)).toHaveLength(1)
    expect(html).toContain(`href="/api/v1/mails/${id}/route-test"`)
  })

  it.each([
    ['html', 'has no HTML part'],
    ['attachments', 'has no attachments'],
    ['deliveries', 'Nothing of this mail was sent'],
  ])('%s says so where there is nothing', async (tab, words) => {
    const id = await program.send({ subject: 'plain', text: 'x' })
    await program.settled(id)
    expect((await pages.show(`/mails/${id}/${tab}`)).text).toContain(words)
  })

  it('shows pictures that the mail brought along, and no others', async () => {
    const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    const id = await program.send({
      raw: [
        'Subject: picture',
        'Content-Type: multipart/related; boundary=b',
        '',
        '--b',
        'Content-Type: text/html',
        '',
        '<img src="cid:one@here"><img src="cid:two"><link rel=preconnect href="http://elsewhere.example">',
        '--b',
        'Content-Type: image/png',
        'Content-ID: <one@here>',
        'Content-Transfer-Encoding: base64',
        '',
        picture,
        '--b--',
        '',
      ].join('\r\n'),
    })
    await program.settled(id)
    const { html, text } = await pages.show(`/mails/${id}/html`)
    expect(text).toContain('Nothing is loaded from elsewhere')
    expect(html).toContain(`<iframe class="mail-frame" sandbox="" src="/mails/${id}/body.html"`)
    const frame = await pages.show(`/mails/${id}/body.html`)
    expect(frame.html).toContain(`<img src="data:image/png;base64,${picture}"><img src="cid:two"><unlink rel`)
    const remote = await pages.show(`/mails/${id}/html?pictures=remote`)
    expect(remote.html).toContain(`src="/mails/${id}/body.html?pictures=remote"`)
    const policyOf = async (path: string) => {
      const headers = { authorization: `Bearer ${program.app.token}` }
      return (await fetch(`${program.app.http.url}${path}`, { headers })).headers.get('content-security-policy')
    }
    expect(await policyOf(`/mails/${id}/body.html`)).toContain('img-src data:;')
    expect(await policyOf(`/mails/${id}/body.html?pictures=remote`)).toContain('img-src data: https:;')
  })
})

// The last: its deliveries go on for a while.
describe('a mail to very many', () => {
  it('to three thousand recipients has small pages, too', async () => {
    const to = Array.from({ length: 3_000 }, (_, index) => `person${index}@mailtrigger.app`)
    const id = await program.send({ subject: '[Sentry] all', text: 'error', to })
    const mail = await program.mailWhen(id, ({ status }) => status === 'routed')
    expect(mail.envelope.to).toHaveLength(3_000)
    for (const tab of ['', '/deliveries', '/timeline', '/recipients']) {
      const { html, status } = await pages.show(`/mails/${id}${tab}`)
      expect(status).toBe(200)
      expect(Buffer.byteLength(html), tab).toBeLessThan(pageBytesMax)
    }
    expect((await pages.show(`/mails/${id}`)).text).toContain('and 2995 more')
    expect((await pages.show(`/mails/${id}/recipients?from=2999`)).text).toContain('person2999@')
    expect(Buffer.byteLength((await pages.show('/mails')).html)).toBeLessThan(pageBytesMax)
  })
})
