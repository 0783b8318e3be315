import { Hono } from 'hono'
import { z } from 'zod'
import { actAs } from '../act-as.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { countOf } from '../count-of.js'
import { done } from '../flash.js'
import { readForm, readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

/** More are not read in one file; those that are exported and discarded make room for the next ones. */
const exportedMax = 10_000
const pageSize = 200

const group = z.object({ channel: z.string().min(1).max(200), error: z.string().max(1_000) })
const discardForm = group.extend({ reason: z.string().max(500).default('') })

/** What may be done about a group of dead letters: retry, discard, keep as a file. */
export const deadLetterActs: MountPage = ({ calls, now }) => {
  const app = new Hono<ConsoleEnv>()
  app.post('/dead-letters/retry', async (c) => {
    const actor = actAs(c, 'operator')
    const { channel, error } = await readForm(c, group)
    const { count, retriedAt } = await calls.retryDeadLetters({ channel, errorGroup: error }, actor)
    if (count === 0) return done(c, '/dead-letters', 'There was nothing left of this group to retry.')
    const search = new URLSearchParams({ channel, at: String(retriedAt), of: String(count) })
    return c.redirect(`/dead-letters/retried?${search}`, 303)
  })
  app.post('/dead-letters/discard', async (c) => {
    const actor = actAs(c, 'operator')
    const { channel, error, reason } = await readForm(c, discardForm)
    const given = reason.trim() || 'discarded as a dead letter'
    const count = await calls.cancelDeliveries({ status: 'dead', channel, errorGroup: error }, given, actor)
    return done(
      c,
      '/dead-letters',
      `${countOf(count, 'dead letter')} discarded.`,
      'They stand as cancelled among the deliveries.',
    )
  })
  app.get('/dead-letters/export', (c) => {
    const chosen = readPageQuery(c, group)
    const bytes = ReadableStream.from(encode(writeExport(calls, chosen, now())))
    return c.body(bytes as ReadableStream<Uint8Array>, 200, {
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': 'attachment; filename="dead-letters.json"',
      'x-content-type-options': 'nosniff',
    })
  })
  return app
}

/** The file in pieces: it is written while it is read, and never as a whole in memory. */
async function* writeExport(
  calls: ConsoleParts['calls'],
  { channel, error }: z.infer<typeof group>,
  now: number,
): AsyncGenerator<string> {
  const head = JSON.stringify({ exported_at: new Date(now).toISOString(), channel, error })
  yield `${head.slice(0, -1)},"items":[`
  let cursor: string | null = null
  let count = 0
  do {
    const page = await calls.listDeliveries({
      status: 'dead',
      channel,
      errorGroup: error,
      limit: pageSize,
      ...(cursor === null ? {} : { cursor }),
    })
    for (const { id } of page.items) {
      const delivery = await calls.readDelivery(id)
      if (delivery) yield `${count++ === 0 ? '' : ','}\n${JSON.stringify(delivery)}`
    }
    cursor = page.next_cursor
  } while (cursor !== null && count < exportedMax)
  yield `\n],"count":${count},"is_complete":${cursor === null}}\n`
}

async function* encode(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const text of texts) yield encoder.encode(text)
}
