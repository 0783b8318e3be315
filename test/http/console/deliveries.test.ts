import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AlertsProgram, startAlerts } from '../alerts-fixture.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

let alerts: AlertsProgram
let pages: ConsoleReader
let viewer: ConsoleReader
const hostile = `broken <script>alert("x")</script> it's 磁碟已滿`

beforeAll(async () => {
  alerts = await startAlerts()
  pages = readConsole(alerts.program)
  const { json } = await alerts.call('POST', '/api/v1/tokens', { name: 'watcher', role: 'viewer' })
  viewer = readConsole(alerts.program, json.token)
})
afterAll(() => alerts.stop())

async function deadOf(subject: string): Promise<string> {
  const mailId = await alerts.program.send({ subject })
  const mail = await alerts.program.mailWhen(mailId, (one) => one.delivery_list.some(({ status }) => status === 'dead'))
  return mail.delivery_list[0]?.id ?? ''
}

describe('the deliveries', () => {
  it('teach what would be there, and say so when a filter leaves none', async () => {
    expect((await pages.show('/deliveries')).text).toContain('Nothing was sent to anybody yet')
    expect((await pages.show('/deliveries?status=dead')).text).toContain('No delivery is like that')
    expect((await pages.show('/deliveries?since=yesterday')).status).toBe(400)
  })

  it('are filtered by all that tells them apart, and show hostile titles as text', async () => {
    const sent = await alerts.alert('disk full on db1')
    const dead = await deadOf(hostile)
    const { html, text } = await pages.show('/deliveries')
    expect(text).toContain(hostile)
    expect(html).not.toContain('<script>alert')
    const onlySent = ['status=sent', 'channel=hook', `mail=${sent.mailId}`, `notification=${sent.notificationId}`]
    for (const search of [...onlySent, 'status=sent&since=1h&channel=hook']) {
      const { html: some } = await pages.show(`/deliveries?${search}`)
      expect(some).toContain(`/deliveries/${sent.deliveryId}"`)
      expect(some).not.toContain(`/deliveries/${dead}"`)
    }
    expect((await pages.show(`/deliveries?error=${encodeURIComponent('HTTP 400')}&channel=broken`)).html).toContain(
      dead,
    )
  })

  it('have a second page, and none is larger than 60 KB', async () => {
    const long = `broken ${'"磁碟"&<'.repeat(400)}`
    const ids = await Promise.all(
      Array.from({ length: 60 }, (_, n) => alerts.program.send({ subject: `${long} ${n}` })),
    )
    for (const id of ids) await alerts.program.settled(id)
    const first = await pages.show('/deliveries?channel=broken')
    const next = /href="([^"]+)" rel="next"/.exec(first.html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const second = await pages.show(next)
    for (const { html, status } of [first, second]) {
      expect(status).toBe(200)
      expect(Buffer.byteLength(html)).toBeLessThan(60_000)
    }
    const idsOn = ({ html }: { html: string }) => [...html.matchAll(/name="ids" value="([^"]+)"/g)].map(([, id]) => id)
    expect(idsOn(second).length).toBeGreaterThan(0)
    expect(idsOn(second).filter((id) => idsOn(first).includes(id))).toEqual([])
    expect(second.text).toContain('First page')
  })

  it('are retried and cancelled as chosen, by operators only', async () => {
    const ids = [await deadOf('broken one'), await deadOf('broken two')]
    const back = '/deliveries?status=dead'
    const cancelled = await pages.send('/deliveries/cancel', { ids, reason: 'not "ours"', back })
    expect(cancelled.text).toContain('2 deliveries are cancelled.')
    expect((await alerts.program.app.calls.readDelivery(ids[0] ?? ''))?.last_error).toBe('not "ours"')
    expect((await pages.send('/deliveries/retry', { ids: ids[0] ?? '', back })).text).toContain(
      '1 delivery is due now.',
    )
    expect((await pages.send('/deliveries/retry', { back })).text).toContain('No delivery was chosen.')
    expect((await pages.send('/deliveries/retry', { ids, back: '//elsewhere.example' })).text).toContain('back')
    const refused = await viewer.send('/deliveries/retry', { ids, back }, '/deliveries')
    expect(refused.text).toContain('this takes the role operator')
    expect((await viewer.show('/deliveries')).html).toMatch(/<button[^>]*disabled[^>]*>/)
  })
})

describe('one delivery', () => {
  it('shows its attempts with the vendor’s words, its message, and where it belongs', async () => {
    const id = await deadOf(`broken ${hostile}`)
    const { text, html, status } = await pages.show(`/deliveries/${id}`)
    expect(status).toBe(200)
    expect(text).toContain(`no such room 4711'"`)
    expect(text).toContain('dead letter')
    expect(text).toMatch(/permanent 400/)
    expect(text).toContain(hostile)
    expect(html).not.toContain('<script>alert')
    expect(html).toMatch(/href="\/notifications\/[0-9A-Z]+"/)
    expect(html).toMatch(/href="\/mails\/[0-9A-Z]+"/)
  })

  it('is cancelled with a reason, retried, and acknowledged', async () => {
    const id = await deadOf('broken once more')
    const gone = await pages.send(`/deliveries/${id}/cancel`, { reason: 'a drill' })
    expect(gone.text).toContain('It is cancelled')
    expect(gone.text).toContain('a drill')
    expect((await pages.send(`/deliveries/${id}/cancel`, { reason: '' }, `/deliveries/${id}`)).text).toContain(
      'It cannot be cancelled.',
    )
    expect((await pages.send(`/deliveries/${id}/retry`, {})).text).toContain('It is due now')
    expect((await viewer.send(`/deliveries/${id}/retry`, {}, `/deliveries/${id}`)).text).toContain('takes the role')

    const { deliveryId, notificationId } = await alerts.alert('disk of db2')
    const { html } = await pages.show(`/deliveries/${deliveryId}`)
    expect(html).toContain(`action="/notifications/${notificationId}/acknowledge"`)
  })

  it('shows a text of two megabytes in parts, and says when it waits', async () => {
    const mailId = await alerts.program.send({ subject: 'quiet', text: 'a long line <&"\n'.repeat(130_000) })
    const { mail } = await alerts.program.settled(mailId)
    const id = mail.delivery_list[0]?.id ?? ''
    const first = await pages.show(`/deliveries/${id}`)
    expect(Buffer.byteLength(first.html)).toBeLessThan(60_000)
    const next = /href="([^"]+)" rel="next"/.exec(first.html)?.[1] ?? ''
    expect((await pages.show(next)).status).toBe(200)

    const { notificationId } = await alerts.alert('disk that repeats')
    const { delivery_list: list } = await alerts.program.app.calls.readNotification(notificationId)
    const repeat = list.find(({ purpose }) => purpose === 'repeat')?.id ?? ''
    const { html, text } = await pages.show(`/deliveries/${repeat}`)
    expect(html).toMatch(/<time [^>]*data-countdown[^>]*>in (?:59m|1h)/)
    expect(text).toContain('It has not been tried yet.')
  })

  it('is not there when it is not', async () => {
    const { status, text } = await pages.show('/deliveries/nope')
    expect(status).toBe(404)
    expect(text).toContain('There is no delivery nope.')
  })
})
