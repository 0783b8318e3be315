import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AlertsProgram, startAlerts } from './alerts-fixture.js'

let alerts: AlertsProgram
beforeAll(async () => {
  alerts = await startAlerts()
})
afterAll(() => alerts.stop())

/** Without the token: what anybody may ask. */
async function open(method: string, path: string, body?: RequestInit['body']) {
  const answer = await fetch(`${alerts.program.app.http.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  })
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}
const press = (link: string, note = '') => open('POST', link, new URLSearchParams({ note }))
const readAlert = async (id: string) => (await alerts.call('GET', `/api/v1/notifications/${id}`)).json

describe('pings', () => {
  const find = async (name: string) => {
    const { json } = await alerts.call('GET', '/api/v1/monitors')
    return json.items.find((line: { name: string }) => line.name === name)
  }

  it.each(['GET', 'POST', 'HEAD'])('%s counts', async (method) => {
    const { ping_path } = await find('nightly-backup')
    const before = Date.now()
    expect(await open(method, ping_path)).toMatchObject({ status: 200, text: method === 'HEAD' ? '' : 'OK\n' })
    const { status, last_seen_at } = await find('nightly-backup')
    expect(status).toBe('up')
    expect(Date.parse(last_seen_at)).toBeGreaterThanOrEqual(before)
  })

  it('say that a run began, that it failed, and that it went well', async () => {
    const { ping_path } = await find('nightly-backup')
    expect((await open('GET', `${ping_path}/start`)).text).toBe('OK\n')
    expect(await find('nightly-backup')).toMatchObject({ status: 'up', started_at: expect.any(String) })
    expect((await open('POST', `${ping_path}/fail`, 'exit code 2')).text).toBe('OK\n')
    expect(await find('nightly-backup')).toMatchObject({ status: 'down' })
    await open('GET', ping_path)
    expect(await find('nightly-backup')).toMatchObject({ status: 'up', started_at: null })
  })

  it('count whatever is sent along: the log of a job may be long', async () => {
    const { ping_path } = await find('nightly-backup')
    expect((await open('POST', ping_path, 'x'.repeat(60_000))).status).toBe(200)
  })

  it.each([
    ['/ping/nobody'],
    ['/ping/nobody/fail'],
    [`/ping/${'x'.repeat(3_000)}`],
    ['/ping/%00'],
    ['/ping/'],
    ['/ping'],
  ])('%s is nobody', async (path) => {
    expect((await open('GET', path)).status).toBe(404)
  })

  it.each(['PUT', 'DELETE'])('%s does not count', async (method) => {
    const { ping_path } = await find('nightly-backup')
    expect((await open(method, ping_path)).status).toBe(405)
  })
})

describe('the page of a link', () => {
  it('shows the alert, and fetching it acknowledges nothing', async () => {
    const { link, notificationId } = await alerts.alert('disk <script>alert(1)</script> "full"')
    const { status, text, headers } = await open('GET', link)
    expect(status).toBe(200)
    expect(text).toContain('disk &lt;script&gt;alert(1)&lt;/script&gt; &quot;full&quot;')
    expect(text).not.toContain('<script')
    expect(text).toContain('<button type="submit">Acknowledge</button>')
    expect(text).toContain('error')
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html; charset=UTF-8',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-robots-tag': expect.stringContaining('noindex'),
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/,
      ),
    })
    expect((await open('HEAD', link)).status).toBe(200)
    expect(await readAlert(notificationId)).toMatchObject({ status: 'sent', acked_by: null })
  })

  it('acknowledges by its button, once', async () => {
    const { link, notificationId } = await alerts.alert('disk six')
    const done = await press(link, 'I am <b>on</b> it\r\nalready')
    expect(done.status).toBe(200)
    expect(done.text).toContain('Thank you')
    expect(await readAlert(notificationId)).toMatchObject({
      status: 'acknowledged',
      acked_by: 'link:hook',
      ack_note: 'I am <b>on</b> it\nalready',
    })
    for (const again of [await press(link, 'another'), await open('GET', link)]) {
      expect(again.status).toBe(410)
      expect(again.text).toContain('This alert is acknowledged')
      expect(again.text).toMatch(/By hook, \d{4}-\d\d-\d\d \d\d:\d\d UTC/)
      expect(again.text).toContain('I am &lt;b&gt;on&lt;/b&gt; it')
      expect(again.text).not.toContain('<form')
    }
    expect((await readAlert(notificationId)).ack_note).toContain('already')
  })

  it('says that it is over', async () => {
    const { link, notificationId } = await alerts.alert('disk seven')
    await alerts.call('POST', `/api/v1/notifications/${notificationId}/resolve`)
    for (const { status, text } of [await open('GET', link), await press(link)]) {
      expect(status).toBe(410)
      expect(text).toContain('This is over')
    }
  })

  it('is not there for a forged link', async () => {
    const { link, notificationId } = await alerts.alert('disk eight')
    const [delivery, expiry, mac = ''] = link.replace('/ack/', '').split('.')
    const forged = [
      `${delivery}.${expiry}.${mac.slice(0, -2)}AA`,
      `${delivery}.zzzzzz.${mac}`,
      `01J9ZZZZZZZZZZZZZZZZZZZZZZ.${expiry}.${mac}`,
      'x',
      'x'.repeat(3_000),
      '%00',
    ]
    for (const token of forged) {
      for (const method of ['GET', 'POST']) {
        const { status, text, headers } = await open(method, `/ack/${token}`)
        expect([method, token.slice(0, 80), status]).toEqual([method, token.slice(0, 80), 404])
        expect(headers.get('content-type')).toContain('text/html')
        expect(text).toContain('This link does not lead to an alert')
      }
    }
    expect((await readAlert(notificationId)).acked_by).toBeNull()
  })

  it.each([
    ['a note without end', new URLSearchParams({ note: 'x'.repeat(1_001) }), 400],
    ['a book', new URLSearchParams({ note: 'x'.repeat(20_000) }), 413],
  ])('refuses %s, and leaves the alert as it is', async (name, body, expected) => {
    const { link, notificationId } = await alerts.alert(`disk with ${name}`)
    const { status, text } = await open('POST', link, body)
    expect(status).toBe(expected)
    expect(text).toContain('That did not work')
    expect((await readAlert(notificationId)).acked_by).toBeNull()
  })

  it('takes what is no form as no note', async () => {
    const { link, notificationId } = await alerts.alert('disk nine')
    const form = new FormData()
    form.set('note', new Blob(['a file']), 'note.txt')
    expect((await open('POST', link, form)).status).toBe(200)
    expect(await readAlert(notificationId)).toMatchObject({ status: 'acknowledged', ack_note: null })
  })
})

describe('hooks', () => {
  it.each([['/hooks/nobody'], ['/hooks/inbox'], ['/hooks/a%20%22b%22']])('%s hears nobody', async (path) => {
    expect((await open('POST', path, '{}')).status).toBe(404)
  })

  it('take no book', async () => {
    // On a connection of its own: the server closes it without reading all of that.
    const status = await new Promise((resolve) => {
      const call = request(`${alerts.program.app.http.url}/hooks/hook`, { method: 'POST', agent: false })
      call.on('response', (answer) => resolve(answer.resume().statusCode)).on('error', () => undefined)
      call.end('x'.repeat(3_000_001))
    })
    expect(status).toBe(413)
  })
})

it('calls without end from one address are told to wait, other doors stay open', async () => {
  let last = await open('GET', '/ack/x')
  for (let calls = 1; calls <= 60 && last.status !== 429; calls++) last = await open('GET', '/ack/x')
  expect(last.status).toBe(429)
  expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(last.text).toContain('Try again in a minute')
  expect((await open('GET', '/ping/nobody')).status).toBe(404)
  expect((await open('GET', '/livez')).status).toBe(200)
})
