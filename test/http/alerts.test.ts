import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AlertsProgram, startAlerts } from './alerts-fixture.js'

let alerts: AlertsProgram
beforeAll(async () => {
  alerts = await startAlerts()
})
afterAll(() => alerts.stop())

const get = (path: string) => alerts.call('GET', `/api/v1${path}`)
const post = (path: string, body: unknown = {}, headers: Record<string, string> = {}) =>
  alerts.call('POST', `/api/v1${path}`, body, headers)
const del = (path: string) => alerts.call('DELETE', `/api/v1${path}`)
const tim = { 'x-mailtrigger-actor': 'cli:tim' }

/** Who did what lately, newest first. */
async function lastAudit(query = ''): Promise<string> {
  const { json } = await get(`/audit?limit=1${query}`)
  const [line] = json.items
  return `${line.actor} ${line.action} ${line.subjects.join(' ')}`
}

describe('what is open', () => {
  const paths: [method: string, path: string][] = [
    ['GET', '/notifications'],
    ['POST', '/notifications/x/acknowledge'],
    ['GET', '/deliveries/dead-letters'],
    ['GET', '/silences'],
    ['POST', '/silences'],
    ['GET', '/monitors'],
    ['GET', '/rules'],
    ['GET', '/audit'],
    ['POST', '/mails/replay'],
    ['POST', '/channels/hook/pause'],
  ]
  it.each(paths)('%s %s is not, without the token', async (method, path) => {
    const { status, json } = await alerts.call(method, `/api/v1${path}`, method === 'GET' ? undefined : {}, {
      authorization: 'Bearer wrong',
    })
    expect([status, json.error.code]).toEqual([401, 'unauthorized'])
  })

  it.each([['x'.repeat(65)], [' '], ['t\u00fcm']])('an actor like %j is refused', async (actor) => {
    const { status, json } = await post('/channels/hook/resume', {}, { 'x-mailtrigger-actor': actor })
    expect([status, json.error.code]).toEqual([400, 'bad_request'])
  })
})

describe('notifications', () => {
  it('are listed page by page, and found by what is known of them', async () => {
    const { notificationId, mailId } = await alerts.alert('disk one')
    await alerts.alert('disk two')
    const first = await get('/notifications?limit=1')
    const second = await get(`/notifications?limit=1&cursor=${first.json.next_cursor}`)
    expect(first.json.items).toHaveLength(1)
    expect(second.json.items).toMatchObject([{ id: notificationId, status: 'sent', severity: 'error', route: 'disks' }])
    for (const query of ['fingerprint=disk%20one', `mail=${mailId}`]) {
      expect((await get(`/notifications?${query}`)).json.items).toMatchObject([{ id: notificationId }])
    }
    expect((await get('/notifications?route=disks&since=1h&status=sent')).json.items.length).toBeGreaterThan(1)
    expect((await get('/notifications?route=nobody')).json).toEqual({ items: [], next_cursor: null })
  })

  it.each([['status=lost'], ['limit=0'], ['since=soon'], ['unacknowledged=maybe']])('refuse %s', async (query) => {
    const { status, json } = await get(`/notifications?${query}`)
    expect(status).toBe(400)
    expect(json.error.message).toContain(query.split('=')[0])
  })

  it('are acknowledged once, by whom and with what note', async () => {
    const { notificationId } = await alerts.alert('disk three')
    const waiting = async () =>
      (await get('/notifications?unacknowledged=true')).json.items.map((one: { id: string }) => one.id)
    expect(await waiting()).toContain(notificationId)
    const path = `/notifications/${notificationId}/acknowledge`
    expect((await post(path, { note: 'mine' }, tim)).json).toMatchObject({
      outcome: 'acknowledged',
      acked_by: 'cli:tim',
      ack_note: 'mine',
    })
    expect((await post(path)).json).toMatchObject({ outcome: 'already', acked_by: 'cli:tim' })
    expect((await get(`/notifications/${notificationId}`)).json).toMatchObject({
      status: 'acknowledged',
      acked_by: 'cli:tim',
      message: { title: 'disk three' },
      delivery_list: expect.arrayContaining([expect.objectContaining({ purpose: 'repeat', status: 'cancelled' })]),
    })
    expect(await waiting()).not.toContain(notificationId)
    expect(await lastAudit()).toBe(`cli:tim notification.acknowledge ${notificationId}`)
    expect((await post(path, { note: 'x'.repeat(1_001) })).status).toBe(400)
  })

  it('are resolved once', async () => {
    const { notificationId } = await alerts.alert('disk four')
    const path = `/notifications/${notificationId}/resolve`
    expect((await post(path)).json).toEqual({ resolved: 1 })
    expect(await lastAudit()).toBe(`api notification.resolve ${notificationId}`)
    expect(await post(path)).toMatchObject({ status: 409, json: { error: { code: 'not_open' } } })
    expect((await post(`/notifications/${notificationId}/acknowledge`)).json).toMatchObject({ outcome: 'over' })
  })

  it.each([
    ['GET', ''],
    ['POST', '/acknowledge'],
    ['POST', '/resolve'],
  ])('%s of one that is not there%s is 404', async (method, verb) => {
    const { status, json } = await alerts.call(method, `/api/v1/notifications/01J9ZZZZZZZZZZZZZZZZZZZZZZ${verb}`)
    expect([status, json.error.code]).toEqual([404, 'not_found'])
  })
})

describe('dead letters', () => {
  it('stand together by channel and error, and are retried and put away together', async () => {
    for (const subject of ['broken one', 'broken two']) await alerts.deadLetter(subject)
    const { json } = await get('/deliveries/dead-letters')
    expect(json.items).toMatchObject([
      { channel: 'broken', count: 2, error: expect.stringContaining('no such room #') },
    ])
    const chosen = { status: 'dead', channel: 'broken', since: '1h', error: json.items[0].error }
    expect((await get(`/deliveries/dead-letters?channel=hook`)).json.items).toEqual([])
    expect((await post('/deliveries/retry', { ...chosen, error: 'another' })).json).toEqual({ retried: 0 })
    expect((await post('/deliveries/retry', chosen, tim)).json).toEqual({ retried: 2 })
    expect(await lastAudit('&action=delivery.retry')).toMatch(/^cli:tim delivery\.retry/)
    const { items } = (await get('/mails?search=broken')).json
    for (const { id } of items) await alerts.program.settled(id)
    expect((await post('/deliveries/cancel', { ...chosen, reason: 'gone for good' })).json).toEqual({ cancelled: 2 })
    expect((await get('/deliveries?channel=broken&status=cancelled')).json.items).toMatchObject([
      { last_error: expect.stringContaining('gone for good') },
      { last_error: expect.stringContaining('gone for good') },
    ])
    expect((await get('/deliveries/dead-letters')).json.items).toEqual([])
  })

  it('a reason alone chooses nothing, and a reason without end is refused', async () => {
    expect((await post('/deliveries/cancel', { reason: 'all' })).status).toBe(400)
    expect((await post('/deliveries/cancel', { status: 'dead', reason: 'x'.repeat(501) })).status).toBe(400)
  })

  it('deliveries are found by their notification', async () => {
    const { notificationId, deliveryId } = await alerts.alert('disk five')
    const { items } = (await get(`/deliveries?notification=${notificationId}&status=sent`)).json
    expect(items).toMatchObject([{ id: deliveryId, purpose: 'alert' }])
  })
})

describe('channels', () => {
  it('are paused by a person until a person resumes them', async () => {
    expect((await post('/channels/inbox/pause', { reason: 'maintenance' }, tim)).json).toEqual({ ok: true })
    const find = async () => (await get('/channels')).json.items.find((line: { name: string }) => line.name === 'inbox')
    expect(await find()).toMatchObject({ paused: { until: null, reason: 'maintenance' } })
    expect((await post('/channels/inbox/resume')).json).toEqual({ ok: true })
    expect(await find()).toMatchObject({ paused: null })
    expect((await get('/audit?subject=inbox')).json.items).toMatchObject([
      { actor: 'api', action: 'channel.resume' },
      { actor: 'cli:tim', action: 'channel.pause', detail: { reason: 'maintenance' } },
    ])
    expect((await post('/channels/nobody/pause')).status).toBe(404)
  })
})

describe('silences', () => {
  it('keep back what they match until they are ended', async () => {
    const made = await post('/silences', { routes: ['qui*'], for: '2h', comment: 'an "upgrade"' }, tim)
    expect(made).toMatchObject({
      status: 201,
      json: { state: 'active', created_by: 'cli:tim', comment: 'an "upgrade"' },
    })
    const { mail } = await alerts.program.settled(await alerts.program.send({ subject: 'quiet please' }))
    expect(mail.notifications).toMatchObject([
      { status: 'suppressed', reason: expect.stringContaining('silenced until') },
    ])
    expect((await get('/silences')).json.items).toMatchObject([{ id: made.json.id, routes: ['qui*'] }])
    expect((await del(`/silences/${made.json.id}`)).json).toEqual({ ended: 1 })
    expect((await del(`/silences/${made.json.id}`)).status).toBe(404)
    expect((await get('/silences')).json.items).toEqual([])
    expect((await get('/silences?ended=true')).json.items).toMatchObject([{ id: made.json.id, state: 'ended' }])
  })

  it('may begin later', async () => {
    const starts_at = new Date(Date.now() + 3_600_000).toISOString()
    const { json } = await post('/silences', { labels: { host: 'db*' }, starts_at, for: '30m' })
    expect(json).toMatchObject({ state: 'pending', starts_at, labels: { host: 'db*' } })
    expect(Date.parse(json.ends_at) - Date.parse(json.starts_at)).toBe(1_800_000)
    await del(`/silences/${json.id}`)
  })

  it.each([
    ['nothing to match', { for: '1h' }],
    ['no end', { routes: ['x'] }],
    ['two ends', { routes: ['x'], for: '1h', ends_at: '2099-01-01T00:00:00Z' }],
    ['an end before its start', { routes: ['x'], ends_at: '2020-01-01T00:00:00Z' }],
    ['no time at all', { routes: ['x'], ends_at: 'tomorrow' }],
    ['no duration', { routes: ['x'], for: 'long' }],
    ['no length', { routes: ['x'], for: '0s' }],
    ['years', { routes: ['x'], for: '900d' }],
  ])('with %s are refused', async (_, body) => {
    expect(await post('/silences', body)).toMatchObject({ status: 400, json: { error: { code: 'bad_request' } } })
  })
})

describe('monitors', () => {
  it('are listed, and pinged by name', async () => {
    expect((await get('/monitors')).json.items).toMatchObject([
      { name: 'by-mail', status: 'new', expects_mail: true },
      {
        name: 'nightly-backup',
        status: 'new',
        last_seen_at: null,
        ping_url: expect.stringMatching(/^https:\/\/alerts\.mailtrigger\.app\/ping\/\S{16,}$/),
      },
    ])
    expect((await post('/monitors/by-mail/ping', {}, tim)).json).toMatchObject({ name: 'by-mail', status: 'up' })
    expect((await post('/monitors/by-mail/ping', { kind: 'fail' })).json).toMatchObject({
      status: 'down',
      due_at: null,
    })
    expect((await post('/monitors/nobody/ping')).status).toBe(404)
    expect((await post('/monitors/by-mail/ping', { kind: 'maybe' })).status).toBe(400)
  })
})

describe('rules', () => {
  it('are added, listed and removed', async () => {
    const rule = { subject: 'monitor', name: 'nightly-backup', event: 'on_down', channels: ['inbox'] }
    const made = await post('/rules', rule, tim)
    expect(made).toMatchObject({ status: 201, json: { ...rule, created_by: 'cli:tim' } })
    expect((await post('/rules', rule)).status).toBe(409)
    expect((await get('/rules')).json.items).toMatchObject([rule])
    expect((await del(`/rules/${made.json.id}`)).json).toEqual({ removed: 1 })
    expect((await del(`/rules/${made.json.id}`)).status).toBe(404)
    expect((await get('/rules')).json.items).toEqual([])
  })

  it.each([
    ['an unknown channel', { channels: ['nobody'] }, 404],
    ['no channel', { channels: [] }, 400],
    ['an event of the other subject', { event: 'on_success' }, 400],
    ['an unknown monitor', { name: 'nobody' }, 404],
    ['another subject', { subject: 'mail' }, 400],
  ])('with %s are refused', async (_, changes, status) => {
    const rule = { subject: 'monitor', name: '*', event: 'on_down', channels: ['inbox'], ...changes }
    expect((await post('/rules', rule)).status).toBe(status)
  })
})

describe('the record of changes', () => {
  it('is read page by page', async () => {
    const first = (await get('/audit?limit=2')).json
    const second = (await get(`/audit?limit=2&cursor=${first.next_cursor}`)).json
    const ids = [...first.items, ...second.items].map(({ id }) => id)
    expect(ids).toEqual([...new Set(ids)].sort().reverse())
    expect((await get('/audit?action=channel.pause')).json.items).toHaveLength(1)
    expect((await get('/audit?limit=0')).status).toBe(400)
  })
})
