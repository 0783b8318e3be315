import { formatDuration } from '../../../domain/units.js'

/** How long until a moment: as text at once, ticking where scripts run (`client/countdown.ts`). */
export function Countdown({ at, now }: { at: string; now: number }) {
  const leftMs = Date.parse(at) - now
  return (
    <time datetime={at} title={`${at.slice(0, 16).replace('T', ' ')} UTC`} data-countdown>
      {leftMs <= 0 ? 'any moment' : `in ${formatDuration(Math.max(1_000, leftMs))}`}
    </time>
  )
}
