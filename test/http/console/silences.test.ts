import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSilence, silenceForm } from '#src/http/console/read-silence.js'
import { type AlertsProgram, startAlerts } from '../alerts-fixture.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

const noon = Date.parse('2026-11-20T12:00:00Z')
const entered = (fields: Record<string, string>) => readSilence(silenceForm.parse(fields), noon)

describe('a silence as it is entered', () => {
  it('has matchers one a line, and lasts from now on', () => {
    expect(entered({ routes: ' Sentry*\r\n\nMonit\nMonit', labels: 'host = db=1', for: '2h', comment: ' x ' })).toEqual(
      {
        matchers: { routes: ['Sentry*', 'Monit'], channels: [], labels: { host: 'db=1' } },
        startsAt: noon,
        endsAt: noon + 7_200_000,
        comment: 'x',
      },
    )
  })

  it('reads times as UTC, and as they say where they say it', () => {
    const { startsAt, endsAt } = entered({
      channels: 'ops',
      starts: '2026-11-21T09:00',
      ends: '2026-11-21T12:00+02:00',
    })
    expect(new Date(startsAt).toISOString()).toBe('2026-11-21T09:00:00.000Z')
    expect(new Date(endsAt).toISOString()).toBe('2026-11-21T10:00:00.000Z')
  })

  it.each([
    [{ routes: 'x' }, 'one end'],
    [{ routes: 'x', for: '2h', ends: '2026-11-21T09:00' }, 'one end'],
    [{ routes: 'x', for: 'two hours' }, 'no duration'],
    [{ routes: 'x', for: '0s' }, 'no duration'],
    [{ routes: 'x', ends: 'tomorrow' }, 'the end is no time'],
    [{ labels: 'host', for: '1h' }, 'no label'],
    [{ labels: '=db1', for: '1h' }, 'no label'],
  ])('%j is refused', (fields, words) => {
    expect(() => entered(fields as Record<string, string>)).toThrow(words)
  })
})

describe('the page of silences', () => {
  let alerts: AlertsProgram
  let pages: ConsoleReader

  beforeAll(async () => {
    alerts = await startAlerts()
    pages = readConsole(alerts.program)
  })
  afterAll(() => alerts.stop())

  it('teaches what a silence is while there is none', async () => {
    expect((await pages.show('/silences')).text).toContain('Nothing is silenced')
    expect((await pages.show('/silences?state=ended')).text).toContain('No silence is over')
  })

  it('is filled in by a link', async () => {
    const { html } = await pages.show(`/silences?${new URLSearchParams({ routes: '"a/b" <x>' })}`)
    expect(html).toMatch(/<textarea[^>]*name="routes"[^>]*>(?:&quot;a\/b&quot; &lt;x&gt;)<\/textarea>/)
  })

  it('makes one that is in force, shows it, and ends it', async () => {
    const made = await pages.send('/silences', {
      routes: 'disks',
      labels: 'host=db*',
      for: '2h',
      comment: '<b>move</b>',
    })
    expect(made.text).toContain('The silence is in force.')
    expect(made.text).toContain('route disks')
    expect(made.text).toContain('label host=db*')
    expect(made.text).toContain('<b>move</b>')
    const id = /action="\/silences\/([^/"]+)\/end"/.exec(made.html)?.[1] ?? ''
    const over = await pages.send(`/silences/${id}/end`, {}, '/silences')
    expect(over.text).toContain('The silence is over')
    expect((await pages.show('/silences?state=ended')).text).toContain('route disks')
    expect((await pages.send(`/silences/${id}/end`, {}, '/silences')).text).toContain('or it is over')
  })

  it('shows what is to come apart', async () => {
    const made = await pages.send('/silences', { channels: 'hook', starts: '2099-01-01T00:00', for: '1h' })
    expect(made.status).toBe(400)
    expect(made.text).toContain('within a year')
    const starts = new Date(Date.now() + 3_600_000).toISOString().slice(0, 16)
    const later = await pages.send('/silences', { channels: 'hook', starts, for: '1h' })
    expect(later.text).toContain('The silence begins at its time.')
    expect(later.html).toMatch(/begins <time [^>]*data-countdown/)
  })

  it('keeps what was entered when it cannot be taken', async () => {
    const { status, html, text } = await pages.send('/silences', { routes: 'disks', for: 'long', comment: 'a "move"' })
    expect(status).toBe(400)
    expect(text).toContain('"long" is no duration')
    expect(html).toContain('>disks</textarea>')
    expect(html).toContain('value="a &quot;move&quot;"')
    expect((await pages.send('/silences', { for: '1h' })).text).toContain('names a route, a channel or a label')
  })

  it('is changed by operators only', async () => {
    const { json } = await alerts.call('POST', '/api/v1/tokens', { name: 'watcher', role: 'viewer' })
    const viewer = readConsole(alerts.program, json.token)
    expect((await viewer.show('/silences')).html).not.toContain('name="routes"')
    const refused = await viewer.send('/silences', { routes: 'x', for: '1h' })
    expect(refused.text).toContain('this takes the role operator')
  })

  it('has a second page, and none is larger than 60 KB', async () => {
    const { calls } = alerts.program.app
    for (let n = 0; n < 70; n++) {
      const matchers = {
        routes: Array.from({ length: 8 }, (_, glob) => `${'"磁<'.repeat(60)}${glob}`),
        channels: [],
        labels: {},
      }
      const comment = '&'.repeat(900)
      await calls.addSilence({ matchers, startsAt: Date.now(), endsAt: Date.now() + 3_600_000, comment }, 'test')
    }
    const first = await pages.show('/silences')
    const next = /href="([^"]+)" rel="next"/.exec(first.html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const second = await pages.show(next)
    for (const { html } of [first, second]) {
      expect(Buffer.byteLength(html)).toBeLessThan(60_000)
      expect(html).toContain('End now')
    }
  })
})
