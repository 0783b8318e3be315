import { describe, expect, test } from 'vitest'
import { parseMailQuery } from '#src/domain/mail-query.js'
import type { SearchText } from '#src/domain/search-text.js'
import type { MailFilter, Store } from '#src/store/store.js'
import { claimMail, makeDelivery, makeNotification, makeRaw, makeRouting, noon, openStore } from './store-fixture.js'

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
