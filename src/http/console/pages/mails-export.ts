import { Hono } from 'hono'
import { z } from 'zod'
import { ApiError } from '../../../domain/errors.js'
import type { MailFilter, MailSummary } from '../../../store/store.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { readPageQuery } from '../read-form.js'
import { readSearch } from '../read-search.js'
import type { MountPage } from './page.js'

export const exportRowsMax = 10_000
const pageSize = 500
const query = z.object({ search: z.string().max(500).default(''), format: z.enum(['csv', 'json']) })

/** What a search finds, as a file, the newest first. It is written while it is read: nothing of it piles up. */
export const mailExport: MountPage = ({ calls, now }) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/mails/export', async (c) => {
    const { search, format } = readPageQuery(c, query)
    const { problem, query: terms } = readSearch(search, now())
    if (problem) throw new ApiError(400, 'bad_search', problem.message, problem.hint)
    const parts = format === 'csv' ? writeCsv(calls, { query: terms }) : writeJson(calls, { query: terms })
    return c.body(toStream(parts), 200, {
      'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json',
      'content-disposition': `attachment; filename="mails.${format}"`,
      'x-content-type-options': 'nosniff',
    })
  })
  return app
}

type Calls = Pick<ConsoleParts['calls'], 'listMails'>

async function* readPages(calls: Calls, filter: Pick<MailFilter, 'query'>): AsyncGenerator<MailSummary[]> {
  let cursor: string | null = null
  for (let count = 0; count < exportRowsMax; count += pageSize) {
    const page: Awaited<ReturnType<Calls['listMails']>> = await calls.listMails({
      ...filter,
      limit: pageSize,
      ...(cursor === null ? {} : { cursor }),
    })
    yield page.items
    cursor = page.next_cursor
    if (cursor === null) return
  }
}

async function* writeJson(calls: Calls, filter: Pick<MailFilter, 'query'>): AsyncGenerator<string> {
  let separator = '[\n'
  for await (const mails of readPages(calls, filter)) {
    for (const mail of mails) {
      yield `${separator}${JSON.stringify(mail)}`
      separator = ',\n'
    }
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n'
}

const columns: [string, (mail: MailSummary) => string | number][] = [
  ['id', ({ id }) => id],
  ['received_at', ({ received_at: at }) => at],
  ['status', ({ status }) => status],
  ['reason', ({ reason }) => reason ?? ''],
  ['subject', ({ subject }) => subject],
  ['from', ({ from }) => from],
  ['envelope_from', ({ envelope }) => envelope.from],
  ['envelope_to', ({ envelope }) => envelope.to.join(' ')],
  ['client', ({ envelope }) => envelope.client],
  ['size_bytes', ({ size_bytes: size }) => size],
  ['routes', ({ routes }) => routes.join(', ')],
  ['deliveries_sent', ({ deliveries }) => deliveries.sent ?? 0],
  ['deliveries_dead', ({ deliveries }) => deliveries.dead ?? 0],
]

/** RFC 4180. */
async function* writeCsv(calls: Calls, filter: Pick<MailFilter, 'query'>): AsyncGenerator<string> {
  yield `${columns.map(([name]) => name).join(',')}\r\n`
  for await (const mails of readPages(calls, filter)) {
    for (const mail of mails) yield `${columns.map(([, read]) => writeCell(read(mail))).join(',')}\r\n`
  }
}

/** A spreadsheet would take a text that begins so for a formula, and a mail's subject is anybody's: it gets a `'`. */
function writeCell(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return `"${safe.replaceAll('"', '""')}"`
}

/** As fast as it is read; a reader who goes away ends it. */
function toStream(parts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await parts.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    async cancel() {
      await parts.return(undefined)
    },
  })
}
