import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AlertsProgram, startAlerts } from '../alerts-fixture.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

let alerts: AlertsProgram
let pages: ConsoleReader
let viewer: ConsoleReader
const hostile = `disk <script>alert("x")</script> it's 磁碟已滿`

beforeAll(async () => {
  alerts = await startAlerts()
  pages = readConsole(alerts.program)
  const { json } = await alerts.call('POST', '/api/v1/tokens', { name: 'watcher', role: 'viewer' })
  viewer = readConsole(alerts.program, json.token)
})
afterAll(() => alerts.stop())

describe('the notifications', () => {
  it('teach what would be there, and say so when a filter leaves none', async () => {
    expect((await pages.show('/notifications')).text).toContain('No route made a notification yet')
    expect((await pages.show('/notifications?route=nope')).text).toContain('No notification is like that')
    expect((await pages.show('/notifications?status=odd')).status).toBe(400)
  })

  it('are filtered by state, route, severity, fingerprint, mail, and by who waits for an answer', async () => {
    const { notificationId, mailId } = await alerts.alert(hostile)
    const other = await alerts.program.send({ subject: 'quiet' })
    const { mail } = await alerts.program.settled(other)
    const otherId = mail.notifications[0]?.id ?? 'none'
    const all = await pages.show('/notifications')
    expect(all.text).toContain(hostile)
    expect(all.html).not.toContain('<script>alert')
    const fingerprint = new URLSearchParams({ fingerprint: hostile })
    const filters = ['route=disks', 'severity=error', 'unacknowledged=true', `mail=${mailId}`, `${fingerprint}`]
    for (const search of [...filters, 'status=sent&since=1h&route=disks&severity=error']) {
      const { html } = await pages.show(`/notifications?${search}`)
      expect(html).toContain(`/notifications/${notificationId}"`)
      expect(html).not.toContain(`/notifications/${otherId}"`)
    }
  })

  it('have a second page of others, and none is larger than 60 KB', async () => {
    const subject = `quiet ${'"磁碟"&<'.repeat(300)}`
    const ids = await Promise.all(
      Array.from({ length: 60 }, (_, n) => alerts.program.send({ subject: `${subject}${n}` })),
    )
    for (const id of ids) await alerts.program.settled(id)
    const idsOn = (html: string) => [...html.matchAll(/href="\/notifications\/([0-9A-Z]{26})"/g)].map(([, id]) => id)
    const first = await pages.show('/notifications?route=quiet')
    const next = /href="([^"]+)" rel="next"/.exec(first.html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const second = await pages.show(next)
    expect(idsOn(second.html).length).toBeGreaterThan(0)
    expect(idsOn(second.html).filter((id) => idsOn(first.html).includes(id))).toEqual([])
    for (const { html } of [first, second]) expect(Buffer.byteLength(html)).toBeLessThan(60_000)
  })
})

describe('one notification', () => {
  it('shows its message, what is to come of it, its deliveries, and the way to its mail', async () => {
    const { notificationId, mailId, deliveryId } = await alerts.alert(`${hostile} of db3`)
    const { text, html } = await pages.show(`/notifications/${notificationId}`)
    expect(text).toContain(`${hostile} of db3`)
    expect(html).not.toContain('<script>alert')
    expect(text).toContain('host: db1')
    expect(text).toContain('It is said again to hook')
    expect(html).toContain(`href="/mails/${mailId}"`)
    expect(html).toContain(`href="/deliveries/${deliveryId}"`)
    expect(html).toMatch(/href="\/silences\?routes=disks#new"/)
  })

  it('is acknowledged with a note once, and then resolved', async () => {
    const { notificationId } = await alerts.alert('disk of db4')
    const path = `/notifications/${notificationId}`
    const acked = await pages.send(`${path}/acknowledge`, { note: 'on it, "Tim"' })
    expect(acked.text).toContain('It is acknowledged')
    expect(acked.text).toContain('“on it, "Tim"”')
    expect(acked.text).not.toContain('It is said again')
    expect((await pages.send(`${path}/acknowledge`, { note: 'me too' })).text).toContain(
      'Nothing changed: already acknow',
    )
    expect((await pages.send(`${path}/resolve`, {})).text).toContain('It is resolved')
    expect((await pages.send(`${path}/resolve`, {}, path)).text).toContain(
      'There is nothing to resolve: it is resolved.',
    )
  })

  it('is changed by operators only', async () => {
    const { notificationId } = await alerts.alert('disk of db5')
    const path = `/notifications/${notificationId}`
    for (const act of ['acknowledge', 'resolve']) {
      expect((await viewer.send(`${path}/${act}`, {}, path)).text).toContain('this takes the role operator')
    }
    expect((await alerts.program.app.calls.readNotification(notificationId)).acked_by).toBeNull()
  })

  it('says by whom it was silenced, and what it is the same as', async () => {
    await pages.send('/silences', { routes: 'qui*', for: '1h', comment: 'the move' })
    const mailId = await alerts.program.send({ subject: 'quiet while silenced' })
    const { mail } = await alerts.program.settled(mailId)
    const { text } = await pages.show(`/notifications/${mail.notifications[0]?.id}`)
    expect(text).toContain('suppressed')
    expect(text).toMatch(/silenced until .*\(the move\)/)
  })

  it('is not there when it is not', async () => {
    expect((await pages.show('/notifications/nope')).status).toBe(404)
  })
})
