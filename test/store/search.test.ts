import { join } from 'node:path'
import fc from 'fast-check'
import { encodeTime } from 'ulid'
import { describe, expect, test } from 'vitest'
import { parseMailQuery } from '#src/domain/mail-query.js'
import type { SearchText } from '#src/domain/search-text.js'
import { openSqlite } from '#src/store/sqlite/binding.js'
import { migrations } from '#src/store/sqlite/migrations.js'
import { searchSchema } from '#src/store/sqlite/search-schema.js'
import type { MailFilter, Store } from '#src/store/store.js'
import { planStatements } from './query-plans.js'
import {
  claimMail,
  makeDelivery,
  makeFolder,
  makeNotification,
  makeRaw,
  makeRouting,
  noon,
  openStore,
} from './store-fixture.js'

interface Sample extends Partial<SearchText> {
  id: string
  receivedAt?: number
  envelopeFrom?: string
  rcpt?: string[]
  raw?: Uint8Array
  routes?: string[]
  channel?: string
  status?: 'routed' | 'unrouted' | 'failed'
}

/** Saves a mail, routes it and indexes it, as the server does. */
async function addMail(store: Store, sample: Sample): Promise<void> {
  const {
    id,
    receivedAt = noon,
    subject = '',
    from = 'else@w.example',
    to = '',
    body = '',
    hasAttachment = false,
  } = sample
  const envelope = {
    ...makeRaw(id).envelope,
    from: sample.envelopeFrom ?? 'a@x.example',
    to: sample.rcpt ?? ['tim@y.example'],
  }
  await store.saveMails([makeRaw(id, { receivedAt, envelope, ...(sample.raw && { raw: sample.raw }) })])
  const claimed = await claimMail(store, receivedAt)
  const deliveries = [makeDelivery({ channel: sample.channel ?? 'ops' })]
  const notifications = (sample.routes ?? []).map((route) => makeNotification(deliveries, { route }))
  await store.commitRouting(makeRouting(claimed, { subject, notifications, status: sample.status ?? 'routed' }))
  await store.indexMails([{ mailId: id, text: { subject, from, to, body, hasAttachment } }])
}

async function search(store: Store, text: string, more: Partial<MailFilter> = {}): Promise<string[]> {
  const page = await store.listMails({ limit: 50, query: parseMailQuery(text, noon), ...more })
  return page.items.map((mail) => mail.id)
}

describe('a search', () => {
  const mails: Sample[] = [
    {
      id: 'm0',
      subject: 'Disk 100% full',
      from: 'Monit monit@x.example',
      rcpt: ['ops@y.example'],
      body: 'out of space on /dev/sda1',
    },
    {
      id: 'm1',
      subject: 'Disk almost full',
      from: "o'brien@x.example",
      to: 'Team dev@y.example',
      routes: ['disks'],
      channel: 'desk',
    },
    { id: 'm2', subject: 'Der Speicher ist ÜBERVOLL', body: 'naïve Σίσυφος', status: 'failed', hasAttachment: true },
    {
      id: 'm3',
      subject: '🔴 磁碟已滿 web-3',
      body: '伺服器磁碟使用率 98%',
      routes: ['disks', 'chinese'],
      raw: new Uint8Array(5_000),
    },
    { id: 'm4', subject: 'backups done', envelopeFrom: 'bounce@z.example', body: 'a'.repeat(200) },
  ]
  const cases: [string, string[]][] = [
    ['', ['m4', 'm3', 'm2', 'm1', 'm0']],
    ['disk', ['m1', 'm0']],
    ['disk 100', ['m0']],
    ['100%', ['m0']],
    ['"disk full"', []],
    ['"disk almost"', ['m1']],
    ['full disk', ['m1', 'm0']],
    ['subject:monit', []],
    ['from:monit', ['m0']],
    ['from:monit@x.example', ['m0']],
    ['from:bounce@z.example', ['m4']],
    ["from:o'brien", ['m1']],
    ['to:dev@y.example', ['m1']],
    ['rcpt:ops', ['m0']],
    ['rcpt:dev', []],
    ['body:space', ['m0']],
    ['sda1', ['m0']],
    ['ubervoll', ['m2']],
    ['ÜBERVOLL', ['m2']],
    ['ΣΊΣΥΦΟΣ', ['m2']],
    ['磁碟', ['m3']],
    ['磁碟已滿', ['m3']],
    ['已滿磁碟', []],
    ['subject:磁碟已滿 body:使用率', ['m3']],
    ['🔴', ['m3']],
    ['back*', ['m4']],
    ['backup', []],
    [`body:${'a'.repeat(100)}`, ['m4']],
    ['-disk', ['m4', 'm3', 'm2']],
    ['full -almost', ['m0']],
    ['full !"disk almost"', ['m0']],
    ['-from:x.example', ['m4']],
    ['has:attachment', ['m2']],
    ['disk -has:attachment', ['m1', 'm0']],
    ['route:disks', ['m3', 'm1']],
    ['route:disks disk', ['m1']],
    ['-route:disks', ['m4', 'm2', 'm0']],
    ['route:disks -route:chinese', ['m1']],
    ['channel:desk', ['m1']],
    ['channel:ops', ['m3']],
    ['state:failed', ['m2']],
    ['-state:failed full', ['m1', 'm0']],
    ['id:m3', ['m3']],
    ['id:m3 disk', []],
    ['larger:4KB', ['m3']],
    ['larger:5000', []],
    ['smaller:4KB -larger:100', ['m4', 'm2', 'm1', 'm0']],
    ['-smaller:4KB', ['m3']],
    ['nowhere', []],
    ['any', []],
    ['size4', []],
    ['attachment', []],
    // No word of the index's own language means anything.
    ['disk OR nowhere', []],
    ['NOT disk', []],
    ['disk AND full', []],
    ['NEAR(disk full)', []],
    ['"subject : disk"', []],
    ['127.0.0.1', []],
    ['helo', []],
  ]

  test('finds words, and what stands beside the mail, in both directions and page by page', async () => {
    const store = openStore()
    for (const mail of mails) await addMail(store, mail)
    for (const [text, ids] of cases) {
      expect.soft(await search(store, text), text).toEqual(ids)
      expect.soft(await search(store, text, { oldestFirst: true }), text).toEqual(ids.toReversed())
      expect.soft(await turnPages(store, text, 1), text).toEqual(ids)
    }
  })
})

async function turnPages(
  store: Store,
  text: string,
  limit: number,
  meanwhile?: () => Promise<void>,
): Promise<string[]> {
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const query = parseMailQuery(text, noon)
    const page = await store.listMails({ limit, query, ...(cursor && { cursor }) })
    seen.push(...page.items.map(({ id }) => id))
    cursor = page.next_cursor
    await meanwhile?.()
  } while (cursor)
  return seen
}

describe('the index', () => {
  test('property: holds exactly the mails that are there, whatever is indexed, replayed, deleted and tidied', async () => {
    const folder = makeFolder()
    const store = openStore(folder)
    const ids = Array.from(
      { length: 12 },
      (_, number) => `${encodeTime(noon + (number >> 1), 10)}${`${number}`.padStart(16, '0')}`,
    )
    const alive = new Set<string>()
    const step = fc.record({
      what: fc.constantFrom('add' as const, 'again' as const, 'delete' as const, 'tidy' as const),
      id: fc.constantFrom(...ids),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        for (const { what, id } of steps) {
          if (what === 'add' && !alive.has(id)) await addMail(store, { id, subject: `unicorn ${id}`, body: '磁碟' })
          if (what === 'add') alive.add(id)
          if (what === 'again') await store.indexMails([{ mailId: id, text: null }])
          if (what === 'delete' && alive.delete(id)) await store.deleteMails([id])
          if (what === 'tidy') await store.tidySearchIndex()
        }
        const expected = [...alive].sort().reverse()
        expect(await turnPages(store, 'rcpt:tim', 5)).toEqual(expected)
        expect(readRows(folder)).toEqual({ entries: expected.length, words: expected.length, unindexed: 0 })
      }),
      { numRuns: 25 },
    )
  })

  test('gives its room back when mails are deleted and it was tidied', async () => {
    const folder = makeFolder()
    const store = openStore(folder)
    for (let batch = 0; batch < 5; batch++) {
      const ids = Array.from({ length: 20 }, (_, number) => `m${batch}-${number}`)
      await store.saveMails(ids.map((id) => makeRaw(id)))
      const body = Array.from({ length: 300 }, (_, number) => `w${batch * number}`).join(' ')
      const text = { subject: '', from: '', to: '', body, hasAttachment: false }
      await store.indexMails(ids.map((mailId) => ({ mailId, text })))
    }
    expect(countBlocks(folder)).toBeGreaterThan(10)
    const { items } = await store.listMails({ limit: 1_000 })
    expect(await store.deleteMails(items.map(({ id }) => id))).toBe(100)
    let steps = 0
    while ((await store.tidySearchIndex()) && steps < 1_000) steps++
    expect(countBlocks(folder)).toBe(2)
  })

  test('forgets what is deleted before it was indexed, and takes nothing that is gone', async () => {
    const folder = makeFolder()
    const store = openStore(folder)
    await store.saveMails([makeRaw('m1')])
    await store.commitRouting(makeRouting(await claimMail(store)))
    expect(await store.listUnindexed(10)).toEqual([{ mailId: 'm1', attempts: 0 }])
    await store.countIndexAttempts(['m1', 'm2'])
    expect(await store.listUnindexed(10)).toEqual([{ mailId: 'm1', attempts: 1 }])
    await store.deleteMails(['m1'])
    await store.indexMails([{ mailId: 'm1', text: null }])
    expect(readRows(folder)).toEqual({ entries: 0, words: 0, unindexed: 0 })
  })

  test('of an older archive is made after the migration', async () => {
    const folder = makeFolder()
    const older = openSqlite(join(folder, 'mailtrigger.sqlite3'))
    const before = migrations.indexOf(searchSchema)
    for (const script of migrations.slice(0, before)) older.exec(script)
    older.pragma(`user_version = ${before}`)
    const insert = older.prepare(
      `INSERT INTO mails (id, received_at, size_bytes, envelope, status, subject) VALUES (?, ?, 10, ?, ?, 'old disk')`,
    )
    for (const [id, status] of [
      ['m1', 'routed'],
      ['m2', 'stored'],
      ['m3', 'failed'],
    ]) {
      insert.run(id, noon, JSON.stringify(makeRaw('m1').envelope), status)
    }
    older.close()
    const store = openStore(folder)
    expect((await store.listUnindexed(10)).map(({ mailId }) => mailId)).toEqual(['m3', 'm1'])
    await store.indexMails([{ mailId: 'm3', text: null }])
    expect(await search(store, 'disk')).toEqual(['m3'])
    expect((await store.readStats(noon)).mails).toEqual({ routed: 1, stored: 1, failed: 1 })
  })

  test('mails of one millisecond keep their order and their places', async () => {
    const store = openStore()
    const ids = Array.from({ length: 9 }, (_, number) => `${encodeTime(noon, 10)}000000000000000${number}`)
    for (const id of [...ids.slice(4), ...ids.slice(0, 4).reverse()]) await addMail(store, { id, subject: 'disk' })
    expect(await turnPages(store, 'disk', 2)).toEqual(ids.toReversed())
    await store.deleteMails(ids.slice(3, 5))
    await addMail(store, { id: `${encodeTime(noon, 10)}000000000000000X`, subject: 'disk' })
    expect(await turnPages(store, 'disk', 1)).toHaveLength(8)
  })
})

test('property: pages have each mail once and leave none out, while others arrive', async () => {
  const filters = [
    '',
    'disk',
    '-disk',
    'route:disks',
    'channel:desk',
    'state:failed',
    'state:failed disk',
    'route:disks disk',
  ]
  const sample = fc.record({ at: fc.nat(40), disk: fc.boolean(), routed: fc.boolean(), failed: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(
      fc.array(sample, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 2, max: 7 }),
      async (samples, limit) => {
        const store = openStore()
        let count = 0
        const add = async ({ at, disk, routed, failed }: (typeof samples)[number]): Promise<string> => {
          const id = `${encodeTime(noon + at, 10)}${`${count++}`.padStart(16, '0')}`
          const made = routed ? { routes: ['disks', 'more'], channel: 'desk' } : {}
          await addMail(store, { id, subject: disk ? 'disk' : 'else', status: failed ? 'failed' : 'routed', ...made })
          return id
        }
        for (const one of samples) await add(one)
        for (const text of filters) {
          const there = await search(store, text, { limit: 1_000 })
          const seen = await turnPages(store, text, limit, async () => {
            if (count < 30) await add({ at: 30, disk: true, routed: true, failed: true })
          })
          expect(new Set(seen).size).toBe(seen.length)
          expect(seen.filter((id) => there.includes(id))).toEqual(there)
        }
      },
    ),
    { numRuns: 5 },
  )
})

test('no list, search or look at the status reads through a table', async () => {
  const planned = await planStatements(/./, async (store) => {
    await addMail(store, { id: 'm1', subject: 'disk', routes: ['disks'] })
    for (const text of ['', 'disk', '-disk', 'disk state:failed', 'route:disks', 'route:disks channel:ops', 'id:m1']) {
      await search(store, text)
      await search(store, `${text} after:2h`, { cursor: 'm1', oldestFirst: true })
    }
    await search(store, '', { status: 'failed', route: 'disks', since: noon, until: noon })
    await store.readMail('m1')
    await store.readStats(noon)
  })
  const costly = planned
    .filter(
      ({ text }) =>
        /mail_words|FROM mails|tallies|FROM (notifications|deliveries)/.test(text) && !/row_number/.test(text),
    )
    // A page that was asked for is read whole and sorted, and so is what is as short as the list of channels.
    .map(({ text, costly }) => {
      const isOfPage = /json_each|subquery|_tallies/.test(text)
      const isCheap = isOfPage ? /VIRTUAL TABLE|TEMP B-TREE|_tallies/ : /VIRTUAL TABLE|SCAN \(subquery/
      return { text, costly: costly.filter((line) => !isCheap.test(line)) }
    })
  expect(costly.length).toBeGreaterThan(20)
  expect(costly.filter((plan) => plan.costly.length > 0 && !isWholeArchive(plan.text))).toEqual([])
})

/** A list without any condition is the archive in the order of its ids, and is read no further than its page. */
function isWholeArchive(text: string): boolean {
  return /FROM mails WHERE true( AND (true|\+mails\.received_at >= \?))* ORDER BY mails\.id/.test(text)
}

test('times bound a search, at both ends and in both directions', async () => {
  const store = openStore()
  const dayMs = 86_400_000
  const ids: string[] = []
  for (const day of [0, 1, 2, 3]) {
    const at = noon - day * dayMs
    ids.push(`${encodeTime(at, 10)}0000000000000000`)
    await addMail(store, { id: `${encodeTime(at, 10)}0000000000000000`, receivedAt: at, subject: 'disk' })
  }
  for (const words of ['', ' disk']) {
    expect(await search(store, `after:2d${words}`)).toEqual(ids.slice(0, 3))
    expect(await search(store, `before:2d${words}`)).toEqual(ids.slice(3))
    expect(await search(store, `-after:2d${words}`)).toEqual(ids.slice(3))
    expect(await search(store, `-before:2d before:1d${words}`)).toEqual(ids.slice(2, 3))
    expect(await search(store, words, { since: noon - dayMs, until: noon })).toEqual(ids.slice(1, 2))
    expect(await search(store, `after:3d before:0s${words}`, { oldestFirst: true })).toEqual(ids.slice(1).toReversed())
  }
})

function countBlocks(folder: string): number {
  const database = openSqlite(join(folder, 'mailtrigger.sqlite3'), { readonly: true })
  try {
    return Number(database.prepare('SELECT count(*) FROM mail_words_data').pluck().get())
  } finally {
    database.close()
  }
}

function readRows(folder: string): unknown {
  const database = openSqlite(join(folder, 'mailtrigger.sqlite3'), { readonly: true })
  try {
    const words = `(SELECT count(*) FROM mail_words WHERE mail_words MATCH 'facts : any')`
    const counts = `SELECT (SELECT count(*) FROM search_entries) AS entries, ${words} AS words,
      (SELECT count(*) FROM unindexed_mails) AS unindexed`
    return database.prepare(counts).get()
  } finally {
    database.close()
  }
}
