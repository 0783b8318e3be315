import { join } from 'node:path'
import { encodeTime } from 'ulid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMailSearch } from '#src/jobs/search-mails.js'
import { createParser } from '#src/receive/mime/parser.js'
import { openMailArchive } from '#src/store/sqlite/mail-archive.js'
import type { Store } from '#src/store/store.js'
import { makeFolder, makeRaw, noon, openStore } from '../store/store-fixture.js'

let store: Store
let search: ReturnType<typeof createMailSearch>
let close: () => Promise<void>
let parsed: string[]

beforeEach(() => {
  const folder = makeFolder()
  store = openStore(folder)
  const archive = openMailArchive(join(folder, 'mailtrigger.sqlite3'))
  const parser = createParser()
  parsed = []
  search = createMailSearch({
    archive,
    parse: (raw) => {
      parsed.push(raw.id)
      return parser.parse(raw, new AbortController().signal)
    },
  })
  close = async () => {
    archive.close()
    await parser.stop()
  }
})
afterEach(() => close())

/** A mail received so many minutes after noon. */
async function save(
  minute: number,
  from: string,
  subject: string,
  text = '',
  to = ['devops@x.example'],
): Promise<string> {
  const receivedAt = noon + minute * 60_000
  const id = `${encodeTime(receivedAt, 10)}${String(minute).padStart(16, '0')}`
  const raw = new TextEncoder().encode(`From: ${from}\r\nSubject: ${subject}\r\n\r\n${text}`)
  const envelope = { from: 'bounce@x.example', to, client: '127.0.0.1', helo: 'x', tls: false, user: null }
  await store.saveMails([makeRaw(id, { receivedAt, raw, envelope })])
  return id
}

const subjectsOf = async (query: unknown): Promise<string[]> =>
  (await search(query)).items.map(({ subject }) => subject)

describe('a search', () => {
  it('finds by sender, recipient, subject, text and time, in the order of receipt', async () => {
    await save(1, 'Monit <monit@web1.example>', 'nginx stop', 'Host: web1')
    await save(2, 'cron@web1.example', 'backup', 'ÄRGER mit Straße')
    await save(3, 'monit@web2.example', 'nginx start', 'Host: web2', ['ops@x.example'])
    expect(await subjectsOf({})).toEqual(['nginx stop', 'backup', 'nginx start'])
    expect(await subjectsOf({ from: 'MONIT@*' })).toEqual(['nginx stop', 'nginx start'])
    expect(await subjectsOf({ from: 'monit@web1.example', subject: 'NGINX' })).toEqual(['nginx stop'])
    expect(await subjectsOf({ to: 'ops@*' })).toEqual(['nginx start'])
    expect(await subjectsOf({ text: 'ärger MIT strasse' })).toEqual(['backup'])
    expect(await subjectsOf({ since: new Date(noon + 120_000).toISOString() })).toEqual(['backup', 'nginx start'])
    expect(await subjectsOf({ until: new Date(noon + 120_000).toISOString() })).toEqual(['nginx stop'])
    expect(await subjectsOf({ subject: "'; DROP TABLE mails; --%_" })).toEqual([])
  })

  it('gives what a job has to know of a hit', async () => {
    const id = await save(1, 'Monit <MONIT@web1.example>', 'nginx stop', 'x'.repeat(3_000), ['Ops@x.example'])
    expect((await search({})).items).toEqual([
      {
        id,
        message_id: null,
        date: new Date(noon + 60_000).toISOString(),
        received_at: new Date(noon + 60_000).toISOString(),
        subject: 'nginx stop',
        from: 'monit@web1.example',
        to: ['ops@x.example'],
        text: 'x'.repeat(2_000),
      },
    ])
  })

  it('goes on where the page before ended', async () => {
    for (let minute = 0; minute < 25; minute++) await save(minute, 'monit@x.example', `mail ${minute}`)
    const seen: string[] = []
    let cursor: string | null | undefined
    do {
      const page = await search({ subject: 'mail', limit: 10, ...(cursor ? { cursor } : {}) })
      expect(page.items.length).toBeLessThanOrEqual(10)
      seen.push(...page.items.map(({ subject }) => subject))
      cursor = page.next_cursor
    } while (cursor)
    expect(seen).toEqual(Array.from({ length: 25 }, (_, minute) => `mail ${minute}`))
  })

  it('parses no mail whose row rules it out', async () => {
    await save(1, 'monit@x.example', 'one', '', ['a@x.example'])
    const wanted = await save(2, 'monit@x.example', 'two', '', ['b@x.example'])
    await search({ to: 'b@*' })
    expect(parsed).toEqual([wanted])
  })

  it.each([{ limit: 0 }, { limit: 101 }, { since: 'yesterday' }, { from: 1 }, 'x'])('refuses %j', async (query) => {
    await expect(search(query)).rejects.toThrow(/^mail_search: /)
  })
})
