import type Database from 'better-sqlite3'
import { afterEach, expect, test } from 'vitest'
import { StoreError } from '#src/domain/errors.js'
import { openSqlite } from '#src/store/sqlite/binding.js'
import { CommitQueue } from '#src/store/sqlite/commit-queue.js'

let database: Database.Database | undefined
afterEach(() => database?.close())

/** A queue over a table, and the statements that ran: what is committed, and in how many transactions. */
function openQueue() {
  const statements: string[] = []
  const opened = openSqlite(':memory:', { verbose: (text) => statements.push(String(text)) })
  database = opened
  opened.exec('CREATE TABLE t (n INTEGER PRIMARY KEY)')
  const insert = opened.prepare<[number]>('INSERT INTO t VALUES (?)')
  return {
    queue: new CommitQueue(opened),
    insert: (n: number) => () => insert.run(n).changes,
    commits: () => statements.filter((text) => text === 'COMMIT').length,
    rows: () => opened.prepare('SELECT n FROM t ORDER BY n').pluck().all(),
    database: opened,
  }
}

test('everything that is asked in the same turn shares one commit', async () => {
  const { queue, insert, commits, rows } = openQueue()
  const changes = await Promise.all(Array.from({ length: 100 }, (_, n) => queue.write(insert(n))))
  expect(changes).toEqual(Array(100).fill(1))
  expect(commits()).toBe(1)
  expect(rows()).toHaveLength(100)
})

test('one that fails does not hurt the others', async () => {
  const { queue, insert, rows } = openQueue()
  const settled = await Promise.allSettled([queue.write(insert(1)), queue.write(insert(1)), queue.write(insert(2))])
  expect(settled.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(settled[1]).toMatchObject({ reason: expect.any(StoreError) })
  expect(rows()).toEqual([1, 2])
})

test('what fails half way leaves nothing behind', async () => {
  const { queue, insert, rows } = openQueue()
  const work = (): void => {
    insert(1)()
    insert(2)()
    insert(2)()
  }
  await expect(queue.write(work)).rejects.toThrow(StoreError)
  expect(rows()).toEqual([])
})

test('a full disk rejects what does not fit, and the queue goes on', async () => {
  const { queue, insert, rows, database: opened } = openQueue()
  opened.exec('CREATE TABLE blobs (b BLOB)')
  opened.pragma(`max_page_count = ${Number(opened.pragma('page_count', { simple: true })) + 2}`)
  const big = opened.prepare<[Buffer]>('INSERT INTO blobs VALUES (?)')
  const [small, full] = await Promise.allSettled([
    queue.write(insert(1)),
    queue.write(() => big.run(Buffer.alloc(100_000))),
  ])
  expect(small.status).toBe('fulfilled')
  expect(full).toMatchObject({ status: 'rejected', reason: { name: 'StoreError', message: /full/ } })
  expect(opened.inTransaction).toBe(false)
  await queue.write(insert(2))
  expect(rows()).toEqual([1, 2])
})

test('draining commits at once, and the turn that was planned for it does nothing', async () => {
  const { queue, insert, commits, rows } = openQueue()
  const written = queue.write(insert(1))
  queue.drain()
  expect(rows()).toEqual([1])
  await written
  await new Promise((resolve) => setImmediate(resolve))
  expect(commits()).toBe(1)
})

test('writes asked for while results are handed out go into the next commit', async () => {
  const { queue, insert, commits, rows } = openQueue()
  await queue.write(insert(1)).then(() => Promise.all([queue.write(insert(2)), queue.write(insert(3))]))
  expect(commits()).toBe(2)
  expect(rows()).toEqual([1, 2, 3])
})

test('a disk that is full or fails at a write may be tried again, a constraint may not', async () => {
  const { queue, insert } = openQueue()
  const fail = (code: string) => (): void => {
    throw sqliteError(code)
  }
  await expect(queue.write(fail('SQLITE_FULL'))).rejects.toMatchObject({ isPassing: true })
  await expect(queue.write(fail('SQLITE_IOERR_WRITE'))).rejects.toMatchObject({ isPassing: true })
  await queue.write(insert(1))
  await expect(queue.write(insert(1))).rejects.toMatchObject({ isPassing: false })
})

test('after a failed fsync nothing goes on: the queue throws, whoever waits', () => {
  const { queue, insert } = openQueue()
  void queue.write(insert(1))
  void queue.write(() => {
    throw sqliteError('SQLITE_IOERR_FSYNC')
  })
  expect(() => queue.drain()).toThrow(/nothing that was acknowledged is lost\. Look at the disk/)
})

/** As better-sqlite3 throws it. */
function sqliteError(code: string): Error {
  return Object.assign(new Error('disk I/O error'), { name: 'SqliteError', code })
}
