import { Hono } from 'hono'
import type { MailStatus } from '../../../domain/delivery.js'
import { formatSize } from '../../../domain/units.js'
import type { StoreStats } from '../../../store/stats-store.js'
import type { ConsoleEnv } from '../console-env.js'
import { Badge } from '../elements/badge.js'
import { Card, EmptyState } from '../elements/card.js'
import { Icon, type IconName } from '../elements/icon.js'
import { Time } from '../elements/time.js'
import type { MountPage } from './page.js'

interface Trouble {
  icon: IconName
  text: string
  href: string
  button: string
}

export const overviewPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/', async (c) => {
    const [stats, channels] = await Promise.all([calls.readStats(), calls.listChannels()])
    const troubles = findTroubles(stats)
    return render(
      c,
      { title: 'Overview', section: 'overview' },
      <div id="overview" data-live="overview">
        <Tiles stats={stats} />
        <div class="columns">
          <Card title="Needs attention">
            {troubles.length === 0 ? (
              <p class="note good">
                <Icon name="check" /> Nothing waits for you.
              </p>
            ) : (
              <ul class="troubles">
                {troubles.map((trouble) => (
                  <li>
                    <Icon name={trouble.icon} />
                    <span>{trouble.text}</span>
                    <a class="button" href={trouble.href}>
                      {trouble.button}
                    </a>
                  </li>
                ))}
              </ul>
            )}
          </Card>
          <Card title="Channels" actions={<a href="/channels">All channels</a>}>
            {channels.length === 0 ? (
              <EmptyState title="There is no channel yet">
                <p>
                  A channel is a way out: Telegram, Slack, mail … <a href="/channels">Make one</a>.
                </p>
              </EmptyState>
            ) : (
              <ul class="health">
                {channels.slice(0, 12).map(({ name, kind, paused }) => (
                  <li>
                    <a href={`/channels/${encodeURIComponent(name)}`}>{name}</a> <span class="dim">{kind}</span>
                    {paused ? (
                      <Badge tone="warn" icon="pause">
                        paused
                      </Badge>
                    ) : (
                      <Badge tone="good" icon="check">
                        ok
                      </Badge>
                    )}
                  </li>
                ))}
              </ul>
            )}
          </Card>
        </div>
      </div>,
    )
  })
  return app
}

function Tiles({ stats }: { stats: StoreStats }) {
  const mails = Object.values(stats.mails).reduce((sum, count) => sum + count, 0)
  const { deliveries } = stats
  const waiting = (deliveries.queued ?? 0) + (deliveries.processing ?? 0) + (deliveries.failed ?? 0)
  return (
    <ul class="tiles">
      <Tile label="Mails in the last hour" value={stats.received_last_hour} href="/mails" more={`${mails} kept`} />
      <Tile label="Sent" value={deliveries.sent ?? 0} href="/deliveries?status=sent" />
      <Tile label="Waiting" value={waiting} href="/deliveries?status=queued">
        {stats.oldest_waiting_at ? (
          <>
            since <Time at={stats.oldest_waiting_at} />
          </>
        ) : (
          'nothing waits'
        )}
      </Tile>
      <Tile label="Unrouted" value={stats.mails.unrouted ?? 0} href={mailsBy('unrouted')} tone="warn" />
      <Tile label="Dead letters" value={deliveries.dead ?? 0} href="/dead-letters" tone="bad" />
      <Tile label="Kept" value={formatSize(stats.size_bytes)} href="/system" />
    </ul>
  )
}

function Tile({
  label,
  value,
  href,
  more,
  tone,
  children,
}: {
  label: string
  value: number | string
  href: string
  more?: string
  tone?: 'warn' | 'bad'
  children?: unknown
}) {
  const isLoud = tone !== undefined && value !== 0
  return (
    <li class={isLoud ? `tile ${tone}` : 'tile'}>
      <a href={href}>
        <span class="tile-label">{label}</span>
        <span class="tile-value">{value}</span>
        <span class="tile-more">{more ?? (children as string)}</span>
      </a>
    </li>
  )
}

function mailsBy(status: MailStatus): string {
  return `/mails?search=${encodeURIComponent(`state:${status}`)}`
}

function findTroubles({
  mails,
  deliveries,
  notifications,
  pauses,
  rejected_last_day: rejected,
}: StoreStats): Trouble[] {
  const count = (number: number, one: string, many: string) => (number === 1 ? `1 ${one}` : `${number} ${many}`)
  const found: (Trouble | null)[] = [
    (deliveries.dead ?? 0) > 0
      ? {
          icon: 'skull',
          text: `${count(deliveries.dead ?? 0, 'dead letter waits', 'dead letters wait')} for a decision`,
          href: '/dead-letters',
          button: 'Look and retry',
        }
      : null,
    ...pauses.map(
      ({ channel, reason }): Trouble => ({
        icon: 'pause',
        text: `${channel} is paused: ${reason}`,
        href: `/channels/${encodeURIComponent(channel)}`,
        button: 'Look',
      }),
    ),
    (mails.unrouted ?? 0) > 0
      ? {
          icon: 'circle',
          text: `${count(mails.unrouted ?? 0, 'mail', 'mails')} no route took`,
          href: mailsBy('unrouted'),
          button: 'See why',
        }
      : null,
    (mails.held ?? 0) > 0
      ? {
          icon: 'pause',
          text: `${count(mails.held ?? 0, 'mail waits', 'mails wait')} to be routed again`,
          href: mailsBy('held'),
          button: 'See why',
        }
      : null,
    notifications.unacknowledged > 0
      ? {
          icon: 'bell',
          text: `${count(notifications.unacknowledged, 'alert waits', 'alerts wait')} for somebody to acknowledge`,
          href: '/notifications?unacknowledged=true',
          button: 'Acknowledge',
        }
      : null,
    rejected > 0
      ? {
          icon: 'cross',
          text: `${count(rejected, 'mail was', 'mails were')} refused at the door in the last day`,
          href: '/system/rejections',
          button: 'See who',
        }
      : null,
  ]
  return found.filter((trouble) => trouble !== null)
}
