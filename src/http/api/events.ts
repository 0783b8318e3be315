import { createRoute, z } from '@hono/zod-openapi'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import { ApiError } from '../../domain/errors.js'
import type { ApiParts } from '../api.js'
import type { EventLog, NumberedEvent } from '../event-log.js'
import { binaryAnswer, createRoutes, operation } from './operation.js'

const keepAliveMs = 20_000
/** A watcher that reads too slowly is cut off rather than buffered for ever; it comes back with Last-Event-ID. */
const waitingMax = 1_000
/** Who was sent away meanwhile is told nothing more; it is asked at most this often. */
const recheckMs = 1_000

const eventQuery = z.object({
  last_event_id: z.string().max(20).optional().describe('For clients that cannot set the header `Last-Event-ID`.'),
})

const followEvents = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'events', 'Tells what happens as it happens', {
    description: [
      'Server-sent events: `id`, `event` (`mail.stored`, `mail.routed`, `delivery.settled`, …) and `data`, a JSON object',
      'with `at`, `type` and what there is to say. With `Last-Event-ID` it goes on after that one; when not all since',
      'then is known any more, an event `reset` comes first: read the lists again. A comment every 20 s keeps it open.',
    ].join(' '),
    request: { query: eventQuery },
  }),
  responses: binaryAnswer('text/event-stream', 'The stream; it ends when the caller or the server goes'),
})

export function eventRoutes({ events, identify }: Pick<ApiParts, 'events' | 'identify'>) {
  const routes = createRoutes()
  routes.openapi(followEvents, (c) => {
    if (!events.hasRoom()) {
      throw new ApiError(503, 'busy', 'too many follow the events already', 'close a console or a tail, or try later')
    }
    const given = c.req.header('last-event-id') ?? c.req.valid('query').last_event_id ?? ''
    const lastId = /^\d{1,15}$/.test(given) ? Number(given) : null
    // When the store is going, so is the stream.
    const isKnown = async (): Promise<boolean> => (await Promise.resolve(identify(c)).catch(() => null)) !== null
    return streamSSE(c, (stream) => tell(stream, events, lastId, isKnown))
  })
  return routes
}

async function tell(
  stream: SSEStreamingApi,
  events: EventLog,
  lastId: number | null,
  isKnown: () => Promise<boolean>,
): Promise<void> {
  const gone = new AbortController()
  stream.onAbort(() => gone.abort())
  const waiting: NumberedEvent[] = []
  let wake: (() => void) | null = null
  const onEvent = (event: NumberedEvent): void => {
    waiting.push(event)
    if (waiting.length > waitingMax) gone.abort()
    wake?.()
  }
  gone.signal.addEventListener('abort', () => wake?.(), { once: true })
  const isComplete = lastId === null || events.knowsSince(lastId)
  // Before anything is awaited, so that the room that was found is still there.
  events.follow(lastId, onEvent, gone.signal)
  if (!isComplete) await stream.writeSSE({ event: 'reset', data: JSON.stringify({ type: 'reset' }) })
  let knownAt = performance.now()
  while (!gone.signal.aborted) {
    if (performance.now() - knownAt >= recheckMs) {
      if (!(await isKnown())) return gone.abort()
      knownAt = performance.now()
    }
    for (const next of waiting.splice(0)) {
      const data = JSON.stringify({ at: next.at, ...next.event })
      await stream.writeSSE({ id: String(next.id), event: next.event.type, data })
    }
    const quiet = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(true), keepAliveMs)
      wake = () => {
        clearTimeout(timer)
        resolve(false)
      }
      if (waiting.length > 0 || gone.signal.aborted) wake()
    })
    if (quiet) await stream.write(': still here\n\n')
  }
}
