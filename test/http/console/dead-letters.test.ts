import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adviseDeadLetter } from '#src/http/console/advise-dead-letter.js'
import { measureRetry } from '#src/http/console/pages/retried-group.js'
import { type AlertsProgram, startAlerts } from '../alerts-fixture.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

describe('what to do about a dead letter', () => {
  it.each([
    ['HTTP 401 Unauthorized: invalid_auth', true, 'credentials are refused'],
    ['HTTP 403 Forbidden: bot was blocked by the user', true, 'The recipient cannot be reached'],
    ['HTTP 400 Bad Request: chat not found', true, 'The recipient cannot be reached'],
    ['550 #.#.# no such user', true, 'The recipient cannot be reached'],
    ['given up after # attempts: HTTP 429: slow down', true, 'wanted fewer messages'],
    ['given up after # attempts: connect ECONNREFUSED #.#.#.#:#', true, 'was down'],
    ['given up after # attempts: HTTP 502: bad gateway', true, 'was down'],
    ['HTTP 413 Payload Too Large', true, 'no message of this size'],
    ['HTTP 404 Not Found: no_service', true, 'is gone'],
    ['HTTP 400: invalid_blocks', true, 'as they are'],
    ['something odd', true, "vendor's own words"],
    ['action failed', false, 'held back on purpose'],
  ])('%s', (error, wasTried, words) => {
    expect(adviseDeadLetter('a/b', error, { wasTried, hasRecipients: true }).text).toContain(words)
  })

  it('leads to where it is mended', () => {
    const placeOf = (error: string, hasRecipients: boolean) =>
      adviseDeadLetter('a/b "x"', error, { wasTried: true, hasRecipients }).link?.href
    expect(placeOf('HTTP 401', true)).toBe('/channels/a%2Fb%20%22x%22')
    expect(placeOf('blocked by the user', true)).toBe('/people')
    expect(placeOf('blocked by the user', false)).toBe('/channels/a%2Fb%20%22x%22')
  })
})

describe('how far a retry is', () => {
  it.each([
    [{ queued: 3, sent: 1 }, 4, { total: 4, done: 1, isOver: false }],
    [{ sent: 2, dead: 1, failed: 1 }, 4, { total: 4, done: 4, isOver: true }],
    // Somebody retried one of them again: it is of another retry now.
    [{ sent: 2 }, 3, { total: 3, done: 3, isOver: true }],
    [{ processing: 9 }, 3, { total: 3, done: 0, isOver: false }],
  ])('%j of %i', (counts, total, progress) => {
    expect(measureRetry(counts, total)).toEqual(progress)
  })
})

describe('the page of dead letters', () => {
  let alerts: AlertsProgram
  let pages: ConsoleReader
  const error = 'HTTP 400 Bad Request: no such room #\'"'

  beforeAll(async () => {
    alerts = await startAlerts()
    pages = readConsole(alerts.program)
  })
  afterAll(() => alerts.stop())

  it('says that there are none, and what would be here', async () => {
    const { text } = await pages.show('/dead-letters')
    expect(text).toContain('There are no dead letters')
    expect((await pages.show('/dead-letters?channel=broken')).text).toContain('This channel has no dead letters')
  })

  it('groups them by channel and error, with what to do', async () => {
    for (const n of [1, 2, 3, 4]) await alerts.deadLetter(`broken <script> ${n}`)
    const { html, text } = await pages.show('/dead-letters?channel=broken')
    expect(text).toContain('4 × broken')
    expect(text).toContain(error)
    expect(text).toContain('What to do:')
    expect(text).toContain('broken <script> 4')
    expect(html).not.toContain('<script> 4')
    const all = /href="(\/deliveries\?status=dead[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    expect((await pages.show(all)).html.match(/name="ids"/g)).toHaveLength(4)
  })

  it('exports a group as it stands, with what was to be said', async () => {
    const { html } = await pages.show(`/dead-letters/export?${new URLSearchParams({ channel: 'broken', error })}`)
    const { items, count, is_complete } = JSON.parse(html)
    expect(items).toHaveLength(4)
    expect(items[0]).toMatchObject({ channel: 'broken', status: 'dead', message: { title: 'broken <script> 4' } })
    expect({ count, is_complete }).toEqual({ count: 4, is_complete: true })
    const none = await pages.show('/dead-letters/export?channel=nope&error=x')
    expect(JSON.parse(none.html)).toMatchObject({ items: [], count: 0, is_complete: true })
  })

  it('retries a group and says how far it is until it is over', async () => {
    alerts.sink.replyWith(() => ({ status: 200 }))
    const retried = await pages.send('/dead-letters/retry', { channel: 'broken', error }, '/dead-letters')
    expect(retried.text).toContain('Retry of 4 on broken')
    const at = /retried=(\d+)/.exec(retried.html)?.[1] ?? ''
    const over = async (): Promise<string> => {
      const { text, html } = await pages.show(`/dead-letters/retried?channel=broken&at=${at}&of=4`)
      if (text.includes('4 of 4 tried again')) {
        expect(html).not.toContain('hx-trigger="every')
        return text
      }
      expect(html).toContain('hx-trigger="every 2s"')
      return over()
    }
    expect(await over()).toContain('Nothing of it is left to do.')
    expect((await pages.show(`/deliveries?channel=broken&retried=${at}`)).html.match(/name="ids"/g)).toHaveLength(4)
    const again = await pages.send('/dead-letters/retry', { channel: 'broken', error }, '/dead-letters')
    expect(again.text).toContain('nothing left of this group')
  })

  it('looks by itself no longer than ten minutes', async () => {
    const { calls } = alerts.program.app
    await calls.pauseChannel('broken', 'a drill', 'test')
    const waiting = await alerts.program.send({ subject: 'broken while paused' })
    const waits = await pages.show(`/dead-letters/retried?channel=broken&at=${Date.now() - 700_000}&of=1`)
    expect(waits.html).not.toContain('hx-trigger="every')
    await calls.resumeChannel('broken', 'test')
    await alerts.program.settled(waiting)
  })

  it('discards a group with a reason, and not for viewers', async () => {
    alerts.sink.replyWith(() => ({ status: 410, body: 'gone' }))
    await alerts.deadLetter('broken for good')
    const { json } = await alerts.call('POST', '/api/v1/tokens', { name: 'watcher', role: 'viewer' })
    const viewer = readConsole(alerts.program, json.token)
    const fields = { channel: 'broken', error: 'HTTP 410 Gone: gone', reason: 'no longer of use' }
    for (const act of ['discard', 'retry']) {
      const refused = await viewer.send(`/dead-letters/${act}`, fields, '/dead-letters')
      expect(refused.text).toContain('this takes the role operator')
    }
    expect((await pages.send('/dead-letters/discard', fields, '/dead-letters')).text).toContain(
      '1 dead letter discarded.',
    )
    const { items } = await alerts.program.app.calls.listDeliveries({ status: 'cancelled', limit: 5 })
    expect(items.map((item) => item.last_error)).toEqual(['no longer of use'])
  })
})
