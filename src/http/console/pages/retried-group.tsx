import { Hono } from 'hono'
import { z } from 'zod'
import type { DeliveryStatus } from '../../../domain/delivery.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { ButtonLink } from '../elements/action-button.js'
import { StatusBadge } from '../elements/badge.js'
import { Card } from '../elements/card.js'
import { Icon } from '../elements/icon.js'
import { readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

/** After that the page refreshes itself no more: a channel that is paused would keep it going for days. */
const followedMs = 600_000
const nameLengthMax = 100
const order: readonly DeliveryStatus[] = ['sent', 'dead', 'failed', 'queued', 'processing', 'cancelled']

const query = z.object({
  channel: z.string().min(1).max(200),
  at: z.coerce.number().int().min(0).max(8.64e15),
  of: z.coerce.number().int().min(0).max(1_000_000_000),
})

export type RetryCounts = Partial<Record<DeliveryStatus, number>>

export interface RetryProgress {
  total: number
  /** Tried since: sent, a dead letter again, to be tried again later, or taken up by somebody else. */
  done: number
  isOver: boolean
}

/** How far the retry of `total` deliveries is. */
export function measureRetry(counts: RetryCounts, total: number): RetryProgress {
  const open = Math.min(total, (counts.queued ?? 0) + (counts.processing ?? 0))
  return { total, done: total - open, isOver: open === 0 }
}

export const retriedGroupPages: MountPage = ({ calls, now }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/dead-letters/retried', async (c) => {
    const { channel, at, of } = readPageQuery(c, query)
    const counts = await calls.countDeliveries({ channel, retriedAt: at })
    const progress = measureRetry(counts, of)
    const isFollowed = !progress.isOver && now() - at < followedMs
    const url = new URL(c.req.url)
    return render(
      c,
      {
        title: `Retry of ${of} on ${cutText(channel, nameLengthMax)}`,
        section: 'dead-letters',
        above: [{ label: 'Dead letters', href: '/dead-letters' }],
        styles: ['alerts.css'],
      },
      <Card title="How far it is">
        <RetryView
          counts={counts}
          progress={progress}
          isFollowed={isFollowed}
          here={`${url.pathname}${url.search}`}
          all={`/deliveries?${new URLSearchParams({ channel, retried: String(at) })}`}
        />
      </Card>,
    )
  })
  return app
}

interface RetryViewProps {
  counts: RetryCounts
  progress: RetryProgress
  isFollowed: boolean
  here: string
  all: string
}

function RetryView({ counts, progress, isFollowed, here, all }: RetryViewProps) {
  const { done, total, isOver } = progress
  const refresh = isFollowed
    ? { 'hx-get': here, 'hx-trigger': 'every 2s', 'hx-select': '#retry-progress', 'hx-swap': 'outerHTML' }
    : {}
  return (
    <div id="retry-progress" {...refresh}>
      <progress max={Math.max(1, total)} value={done} aria-label="Tried again" />
      <p role="status">
        <Icon name={isOver ? 'check' : 'clock'} /> {done} of {total} tried again.
      </p>
      <ul class="labels" aria-label="What became of them">
        {order.map((status) =>
          counts[status] ? (
            <li>
              <StatusBadge status={status} /> {counts[status]}
            </li>
          ) : null,
        )}
      </ul>
      <Outcome counts={counts} isOver={isOver} isFollowed={isFollowed} />
      <p class="actions">
        {isOver ? null : <ButtonLink href={here}>Look again</ButtonLink>}
        <ButtonLink href={all}>All of them</ButtonLink>
        <ButtonLink href="/dead-letters">Dead letters</ButtonLink>
      </p>
    </div>
  )
}

function Outcome({ counts, isOver, isFollowed }: Pick<RetryViewProps, 'counts' | 'isFollowed'> & { isOver: boolean }) {
  if (!isOver && isFollowed) return <p class="dim">This page looks again by itself every two seconds.</p>
  if (!isOver) {
    return (
      <p class="note warn">
        They have been waiting for a while: the channel may be paused, slow, or limited.{' '}
        <a href="/channels">Channels</a> says so.
      </p>
    )
  }
  if (counts.dead) return <p class="note warn">What failed again stands among the dead letters, with its new reason.</p>
  if (counts.failed) return <p class="note">What failed again is retried by itself; its delivery says when.</p>
  return <p class="note good">Nothing of it is left to do.</p>
}
