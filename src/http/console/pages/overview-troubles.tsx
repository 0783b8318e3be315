import type { Context } from 'hono'
import type { Child } from 'hono/jsx'
import type { JobLine } from '../../../domain/job.js'
import type { MonitorLine } from '../../../engine/watch-calls.js'
import type { ConfigLoadLine } from '../../../store/config-store.js'
import type { DeadLetterGroup, NotificationSummary } from '../../../store/notification-store.js'
import type { StoreStats } from '../../../store/stats-store.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { ActionButton, ButtonLink } from '../elements/action-button.js'
import { Card } from '../elements/card.js'
import { Icon, type IconName } from '../elements/icon.js'
import { mailsBy } from './overview-tiles.js'

/** What somebody may have to do something about. */
export interface Concerns {
  stats: StoreStats
  deadLetters: DeadLetterGroup[]
  unacknowledged: NotificationSummary[]
  monitors: MonitorLine[]
  jobs: JobLine[]
  lastLoad: ConfigLoadLine | undefined
}

interface Trouble {
  icon: IconName
  text: string
  buttons: Child
}

const textMax = 160
/** Of one kind: more of them are behind its link. */
const shownMax = 5

export function NeedsAttention({ c, concerns }: { c: Context<ConsoleEnv>; concerns: Concerns }) {
  const troubles = findTroubles(c, concerns)
  return (
    <Card title="Needs attention">
      {troubles.length === 0 ? (
        <p class="note good">
          <Icon name="check" /> Nothing waits for you.
        </p>
      ) : (
        <ul class="troubles">
          {troubles.map(({ icon, text, buttons }) => (
            <li>
              <Icon name={icon} />
              <span>{cutText(text, textMax)}</span>
              <div class="actions">{buttons}</div>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

function findTroubles(c: Context<ConsoleEnv>, concerns: Concerns): Trouble[] {
  return [
    ...findRefusedConfig(c, concerns),
    ...findDown(concerns),
    ...findDeadLetters(c, concerns),
    ...findPauses(c, concerns),
    ...findUnacknowledged(c, concerns),
    ...findFailedJobs(concerns),
    ...findStuckMails(concerns),
  ]
}

function findRefusedConfig(c: Context<ConsoleEnv>, { lastLoad }: Concerns): Trouble[] {
  if (!lastLoad || lastLoad.hash !== null) return []
  const [first] = lastLoad.issues
  return [
    {
      icon: 'file',
      text: `The config on disk was refused, the one before stays in force: ${first?.message ?? 'see why'}`,
      buttons: (
        <>
          <ActionButton c={c} action="/overview/reload" label="Read it again" needs="admin" />
          <ButtonLink href="/config">See why</ButtonLink>
        </>
      ),
    },
  ]
}

function findDown({ monitors }: Concerns): Trouble[] {
  const down = monitors.filter(({ status }) => status === 'down')
  return down.slice(0, shownMax).map(({ name, reason }) => ({
    icon: 'pulse',
    text: `${name} is down${reason ? `: ${reason}` : ''}`,
    buttons: <ButtonLink href={`/monitors/${encodeURIComponent(name)}`}>Look</ButtonLink>,
  }))
}

function findDeadLetters(c: Context<ConsoleEnv>, { deadLetters }: Concerns): Trouble[] {
  const byChannel = new Map<string, { total: number; error: string }>()
  for (const { channel, count: number, error } of deadLetters) {
    const known = byChannel.get(channel)
    byChannel.set(channel, { total: (known?.total ?? 0) + number, error: known?.error ?? error })
  }
  return [...byChannel].slice(0, shownMax).map(([channel, { total, error }]) => {
    return {
      icon: 'skull',
      text: `${count(total, 'dead letter', 'dead letters')} on ${channel}: ${error}`,
      buttons: (
        <>
          <ActionButton c={c} action="/overview/retry" label={total === 1 ? 'Retry' : 'Retry all'} needs="operator">
            <input type="hidden" name="channel" value={channel} />
          </ActionButton>
          <ButtonLink href={`/dead-letters?channel=${encodeURIComponent(channel)}`}>Look</ButtonLink>
        </>
      ),
    }
  })
}

function findPauses(c: Context<ConsoleEnv>, { stats }: Concerns): Trouble[] {
  return stats.pauses.slice(0, shownMax).map(({ channel, reason }) => ({
    icon: 'pause',
    text: `${channel} is paused: ${reason}`,
    buttons: (
      <>
        <ActionButton c={c} action="/overview/resume" label="Resume" needs="operator">
          <input type="hidden" name="channel" value={channel} />
        </ActionButton>
        <ButtonLink href={`/channels/${encodeURIComponent(channel)}`}>Look</ButtonLink>
      </>
    ),
  }))
}

function findUnacknowledged(c: Context<ConsoleEnv>, { unacknowledged, stats }: Concerns): Trouble[] {
  const shown: Trouble[] = unacknowledged.slice(0, shownMax).map(({ id, title }) => ({
    icon: 'bell',
    text: `Nobody acknowledged: ${title}`,
    buttons: (
      <>
        <ActionButton c={c} action="/overview/acknowledge" label="Acknowledge" needs="operator">
          <input type="hidden" name="notification" value={id} />
        </ActionButton>
        <ButtonLink href={`/notifications/${id}`}>Look</ButtonLink>
      </>
    ),
  }))
  const more = stats.notifications.unacknowledged - shown.length
  if (more <= 0) return shown
  return [
    ...shown,
    {
      icon: 'bell',
      text: `${count(more, 'more alert waits', 'more alerts wait')} for somebody to acknowledge`,
      buttons: <ButtonLink href="/notifications?unacknowledged=true">See all</ButtonLink>,
    },
  ]
}

function findFailedJobs({ jobs }: Concerns): Trouble[] {
  const failed = jobs.filter(({ last_run }) => last_run?.outcome === 'failure' || last_run?.outcome === 'interrupted')
  return failed.slice(0, shownMax).map(({ name, last_run }) => ({
    icon: 'calendar',
    text: `The last run of ${name} failed: ${last_run?.error ?? 'it was interrupted'}`,
    buttons: <ButtonLink href={`/jobs/${encodeURIComponent(name)}`}>Look</ButtonLink>,
  }))
}

function findStuckMails({ stats: { mails, rejected_last_day: rejected } }: Concerns): Trouble[] {
  const found: (Trouble | null)[] = [
    ofMails('circle', mails.unrouted ?? 0, 'no route took', mailsBy('unrouted')),
    ofMails('cross', mails.failed ?? 0, 'reached nobody', mailsBy('failed')),
    ofMails('pause', mails.held ?? 0, 'held: to be tried again, or for a person to let in', mailsBy('held')),
    ofMails('cross', rejected, 'refused at the door in the last day', '/system/rejections'),
  ]
  return found.filter((trouble) => trouble !== null)
}

function ofMails(icon: IconName, number: number, words: string, href: string): Trouble | null {
  if (number === 0) return null
  return {
    icon,
    text: `${count(number, 'mail', 'mails')} ${words}`,
    buttons: <ButtonLink href={href}>See why</ButtonLink>,
  }
}

function count(number: number, one: string, many: string): string {
  return number === 1 ? `1 ${one}` : `${number} ${many}`
}
