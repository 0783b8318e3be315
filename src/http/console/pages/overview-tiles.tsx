import { formatSize } from '../../../domain/units.js'
import type { StoreStats } from '../../../store/stats-store.js'
import { Icon, type IconName } from '../elements/icon.js'
import { Time } from '../elements/time.js'
import type { Totals } from '../series-marks.js'

/** What was counted in the time that is looked at, and what waits now. */
export function Tiles({ stats, sum, words }: { stats: StoreStats; sum: Totals | null; words: string }) {
  const { deliveries } = stats
  const counts = sum?.counts
  const kept = Object.values(stats.mails).reduce((total, count) => total + count, 0)
  const waiting = (deliveries.queued ?? 0) + (deliveries.processing ?? 0) + (deliveries.failed ?? 0)
  const tries = (counts?.sent ?? 0) + (counts?.attempts_failed ?? 0)
  return (
    <ul class="tiles" aria-label={`The last ${words}`}>
      <Tile label="Received" value={counts?.received ?? 0} href="/mails">
        {`${kept} kept, ${formatSize(stats.size_bytes)}`}
      </Tile>
      <Tile label="Sent" value={counts?.sent ?? 0} href="/deliveries?status=sent">
        {tries === 0 ? 'no attempt' : `${percent(counts?.sent ?? 0, tries)} of the attempts`}
      </Tile>
      <Tile label="Waiting now" value={waiting} href="/deliveries?status=queued">
        {stats.oldest_waiting_at ? (
          <>
            since <Time at={stats.oldest_waiting_at} />
          </>
        ) : (
          describeWaiting(waiting, stats.pauses.length)
        )}
      </Tile>
      <Tile label="Failed attempts" value={counts?.attempts_failed ?? 0} href="/deliveries?status=failed" icon="replay">
        {`${deliveries.failed ?? 0} to be tried again`}
      </Tile>
      <Tile label="Unrouted" value={counts?.unrouted ?? 0} href={mailsBy('unrouted')} icon="circle">
        {`${stats.mails.unrouted ?? 0} kept`}
      </Tile>
      <Tile label="Dead letters" value={counts?.dead ?? 0} href="/dead-letters" icon="skull" tone="bad">
        {`${deliveries.dead ?? 0} wait now`}
      </Tile>
    </ul>
  )
}

function describeWaiting(waiting: number, pauses: number): string {
  if (waiting === 0) return 'nothing waits'
  return pauses > 0 ? 'for a channel that is paused' : 'for their time'
}

interface TileProps {
  label: string
  value: number
  href: string
  /** Shown where there is any: what stands in the tile is no good news. */
  icon?: IconName
  tone?: 'warn' | 'bad'
  children?: unknown
}

function Tile({ label, value, href, icon, tone = 'warn', children }: TileProps) {
  const isLoud = icon !== undefined && value !== 0
  return (
    <li class={isLoud ? `tile ${tone}` : 'tile'}>
      <a href={href}>
        <span class="tile-label">{label}</span>
        <span class="tile-value">
          {value} {isLoud ? <Icon name={icon} /> : null}
        </span>
        <span class="tile-more">{children as string}</span>
      </a>
    </li>
  )
}

export function mailsBy(status: string): string {
  return `/mails?search=${encodeURIComponent(`state:${status}`)}`
}

/** Never 100 % while one is missing. */
export function percent(part: number, whole: number): string {
  const exact = (100 * part) / whole
  return `${exact === 100 || exact === 0 ? exact : Math.min(99.9, Math.max(0.1, exact)).toFixed(1)} %`
}
