import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { ApiParts } from '../api.js'
import type { NumberedEvent } from '../event-log.js'

const keepAliveMs = 20_000
/** A watcher that reads too slowly is cut off rather than buffered for ever; it comes back with Last-Event-ID. */
const waitingMax = 1_000

export function eventRoutes({ events }: Pick<ApiParts, 'events'>): Hono {
  const routes = new Hono()
  routes.get('/', (c) => {
    const given = Number(c.req.header('last-event-id') ?? c.req.query('last_event_id'))
    return streamSSE(c, async (stream) => {
      const gone = new AbortController()
      stream.onAbort(() => gone.abort())
      const waiting: NumberedEvent[] = []
      let wake: (() => void) | null = null
      const onEvent = (event: NumberedEvent): void => {
        waiting.push(event)
        if (waiting.length > waitingMax) gone.abort()
        wake?.()
      }
      events.follow(Number.isInteger(given) && given >= 0 ? given : null, onEvent, gone.signal)
      while (!gone.signal.aborted) {
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
          gone.signal.addEventListener('abort', () => wake?.(), { once: true })
          if (waiting.length > 0 || gone.signal.aborted) wake()
        })
        if (quiet) await stream.write(': still here\n\n')
      }
    })
  })
  return routes
}
