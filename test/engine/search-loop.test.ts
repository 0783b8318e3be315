import { afterEach, describe, expect, test } from 'vitest'
import { parseMailQuery } from '#src/domain/mail-query.js'
import { SearchLoop } from '#src/engine/search-loop.js'
import { createParser, type MailParser } from '#src/receive/mime/parser.js'
import type { Store } from '#src/store/store.js'
import { until } from '../stand-ins/until.js'
import { claimMail, makeRaw, makeRouting, openStore } from '../store/store-fixture.js'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

function openParser(): MailParser {
  const parser = createParser()
  stops.push(() => parser.stop())
  return parser
}

function startLoop(store: Store, parse: MailParser['parse'], complaints: string[] = []): SearchLoop {
  const loop = new SearchLoop({ store, parse, log: (_level, message) => complaints.push(message) })
  stops.push(() => loop.stop())
  return loop
}

async function saveRouted(store: Store, ids: string[]): Promise<void> {
  for (const id of ids) {
    const raw = new TextEncoder().encode(
      `From: Monit <monit@x.example>\r\nSubject: disk ${id}\r\n\r\nunicorn in ${id}\r\n`,
    )
    await store.saveMails([makeRaw(id, { raw })])
    await store.commitRouting(makeRouting(await claimMail(store), { subject: `disk ${id}` }))
  }
}

async function find(store: Store, text: string): Promise<number> {
  return (await store.listMails({ limit: 1_000, query: parseMailQuery(text, 0) })).items.length
}

describe('the search loop', () => {
  test('reads what an earlier process left, also more than fits in one commit', async () => {
    const store = openStore()
    await saveRouted(
      store,
      Array.from({ length: 70 }, (_, number) => `m${number}`),
    )
    startLoop(store, openParser().parse).wake()
    await until(async () => (await store.listUnindexed(1)).length === 0, 'all are indexed')
    expect(await find(store, 'body:unicorn from:monit subject:disk')).toBe(70)
  })

  test('knows what was parsed for the routing, and has it indexed for a search at once', async () => {
    const store = openStore()
    const parser = openParser()
    const parsed: string[] = []
    const loop = startLoop(store, async (raw, signal) => {
      parsed.push(raw.id)
      return parser.parse(raw, signal)
    })
    await saveRouted(store, ['old', 'm1', 'm2'])
    const signal = AbortSignal.timeout(10_000)
    for (const id of ['m1', 'm2']) {
      const raw = await store.readRawMail(id)
      if (raw) loop.remember(await parser.parse(raw, signal))
    }
    await loop.catchUp()
    expect(await find(store, 'unicorn')).toBe(2)
    expect(parsed).toEqual([])
    loop.wake()
    await until(async () => (await find(store, 'unicorn')) === 3, 'the old one is found')
    expect(parsed).toEqual(['old'])
  })

  test('gives up reading a mail that has ended it too often, and finds it by what stands beside it', async () => {
    const store = openStore()
    await saveRouted(store, ['m1'])
    for (let attempt = 0; attempt < 6; attempt++) await store.countIndexAttempts(['m1'])
    startLoop(store, () => Promise.reject(new Error('it is not parsed'))).wake()
    await until(async () => (await store.listUnindexed(1)).length === 0, 'all are indexed')
    expect(await find(store, 'subject:disk')).toBe(1)
    expect(await find(store, 'unicorn')).toBe(0)
  })

  test('says so when it cannot, and leaves the mail waiting', async () => {
    const store = openStore()
    await saveRouted(store, ['m1'])
    const complaints: string[] = []
    startLoop(store, () => Promise.reject(new Error('too many mails wait')), complaints).wake()
    await until(() => complaints.length > 0, 'it complains')
    expect(complaints).toEqual(['mails cannot be indexed for the search; it is tried again'])
    expect(await store.listUnindexed(10)).toEqual([{ mailId: 'm1', attempts: 1 }])
  })

  test('that is stopped stops, and what waits goes on waiting', async () => {
    const store = openStore()
    await saveRouted(store, ['m1'])
    const complaints: string[] = []
    let isParsing = false
    const loop = startLoop(
      store,
      (_raw, signal) =>
        new Promise((_, reject) => {
          isParsing = true
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
      complaints,
    )
    loop.wake()
    await until(() => isParsing, 'it parses')
    await loop.stop()
    expect(complaints).toEqual([])
    expect(await store.listUnindexed(10)).toHaveLength(1)
  })
})
