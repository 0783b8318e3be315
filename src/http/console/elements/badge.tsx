import type { DeliveryStatus, MailStatus, NotificationStatus } from '../../../domain/delivery.js'
import { Icon, type IconName } from './icon.js'

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'quiet'
export type AnyStatus = MailStatus | DeliveryStatus | NotificationStatus

/** A state is told by a word and a sign; the colour only repeats them. */
const looks: Record<string, { tone: Tone; icon: IconName; word?: string }> = {
  stored: { tone: 'busy', icon: 'clock' },
  routed: { tone: 'good', icon: 'check' },
  unrouted: { tone: 'warn', icon: 'circle' },
  held: { tone: 'warn', icon: 'pause' },
  failed: { tone: 'warn', icon: 'replay' },
  queued: { tone: 'busy', icon: 'clock' },
  processing: { tone: 'busy', icon: 'send' },
  sent: { tone: 'good', icon: 'check' },
  dead: { tone: 'bad', icon: 'cross', word: 'dead letter' },
  cancelled: { tone: 'quiet', icon: 'cross' },
  acknowledged: { tone: 'good', icon: 'bell' },
  resolved: { tone: 'good', icon: 'check' },
  suppressed: { tone: 'quiet', icon: 'muted' },
  gathered: { tone: 'busy', icon: 'clock' },
  running: { tone: 'busy', icon: 'clock' },
  success: { tone: 'good', icon: 'check' },
  failure: { tone: 'bad', icon: 'cross' },
  interrupted: { tone: 'warn', icon: 'warning' },
  ok: { tone: 'good', icon: 'check' },
  up: { tone: 'good', icon: 'check' },
  down: { tone: 'bad', icon: 'cross' },
  new: { tone: 'quiet', icon: 'circle' },
  late: { tone: 'warn', icon: 'clock' },
  paused: { tone: 'warn', icon: 'pause' },
  delivered: { tone: 'good', icon: 'check' },
  accepted: { tone: 'good', icon: 'check' },
  permanent: { tone: 'bad', icon: 'cross' },
  transient: { tone: 'warn', icon: 'replay' },
  unknown: { tone: 'warn', icon: 'warning' },
}

export function StatusBadge({ status }: { status: string }) {
  const look = looks[status] ?? { tone: 'quiet' as const, icon: 'dot' as const }
  return (
    <Badge tone={look.tone} icon={look.icon}>
      {'word' in look && look.word ? look.word : status}
    </Badge>
  )
}

export function Badge({ tone, icon, children }: { tone: Tone; icon: IconName; children: string }) {
  return (
    <span class={`badge ${tone}`}>
      <Icon name={icon} />
      {children}
    </span>
  )
}
