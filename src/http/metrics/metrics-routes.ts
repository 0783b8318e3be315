import { type Context, Hono } from 'hono'
import { Gauge, Registry } from 'prom-client'
import type { DiskRoom } from '../../domain/disk-room.js'
import { ApiError } from '../../domain/errors.js'
import type { Identity } from '../../domain/identity.js'
import type { StoreStats } from '../../store/stats-store.js'
import { readPeerAddress } from '../open/client-address.js'

export interface MetricsParts {
  /** Counted from events. */
  counted: Registry
  readStats: () => Promise<StoreStats>
  diskRoom: () => DiskRoom
  identify: (c: Context) => Identity | null | Promise<Identity | null>
  now: () => number
}

/**
 * What Prometheus fetches. Programs on this machine need no token, unless somebody is between: names of routes and
 * channels are nobody's business outside.
 */
export function metricsRoutes({ counted, readStats, diskRoom, identify, now }: MetricsParts): Hono {
  const app = new Hono()
  app.get('/metrics', async (c) => {
    if (!isLocal(c) && (await identify(c)) === null) {
      throw new ApiError(
        401,
        'unauthorized',
        'a bearer token is needed',
        'mailtrigger token create prometheus --role viewer',
      )
    }
    const gauges = describeStore(await readStats(), now())
    const text = await Registry.merge([counted, gauges, describeDisk(diskRoom())]).metrics()
    return c.text(text, 200, { 'content-type': counted.contentType, 'cache-control': 'no-store' })
  })
  return app
}

/** A proxy on this machine calls for others, and says so. */
function isLocal(c: Context): boolean {
  const isForwarded = ['forwarded', 'x-forwarded-for', 'via'].some((name) => c.req.header(name) !== undefined)
  return !isForwarded && /^(?:::ffff:)?127\.|^::1$/.test(readPeerAddress(c))
}

function describeStore(stats: StoreStats, now: number): Registry {
  const registry = new Registry()
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `mailtrigger_${name}`, help, labelNames, registers: [registry] })
  const mails = gauge('mails', 'Mails that are kept, by state', ['status'])
  for (const [status, count] of Object.entries(stats.mails)) mails.set({ status }, count)
  const deliveries = gauge('deliveries', 'Deliveries that are kept, by state', ['status'])
  for (const [status, count] of Object.entries(stats.deliveries)) deliveries.set({ status }, count)
  const channels = gauge('channel_deliveries', 'Deliveries of a channel that wait or need a person, by state', [
    'channel',
    'status',
  ])
  for (const { channel, status, count } of stats.channels) channels.set({ channel, status }, count)
  const paused = gauge('channel_paused', '1 while nothing is sent on the channel', ['channel'])
  for (const { channel } of stats.pauses) paused.set({ channel }, 1)
  const oldest = stats.oldest_waiting_at
  gauge('oldest_waiting_seconds', 'How long the oldest that waits has waited; 0 when nothing does').set(
    oldest === null ? 0 : Math.max(0, (now - Date.parse(oldest)) / 1_000),
  )
  const { held, gathered, unacknowledged } = stats.notifications
  const notifications = gauge('notifications_waiting', 'Held, gathered for a digest, or sent and not acknowledged', [
    'what',
  ])
  for (const [what, count] of Object.entries({ held, gathered, unacknowledged })) notifications.set({ what }, count)
  gauge('store_size_bytes', 'What the database takes').set(stats.size_bytes)
  return registry
}

function describeDisk({ freeBytes, freeBytesMin, isNearlyFull }: DiskRoom): Registry {
  const registry = new Registry()
  const gauge = (name: string, help: string) => new Gauge({ name: `mailtrigger_${name}`, help, registers: [registry] })
  if (freeBytes !== null) gauge('disk_free_bytes', 'Free space of the disk of the data folder').set(freeBytes)
  gauge('disk_free_bytes_min', 'Below this no mail is taken in').set(freeBytesMin)
  gauge('disk_nearly_full', '1 while no mail is taken in for want of room on the disk').set(isNearlyFull ? 1 : 0)
  return registry
}
