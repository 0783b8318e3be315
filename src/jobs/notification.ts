import { z } from 'zod'
import type { JobNotification } from '../domain/job.js'
import { readSeverity, severities } from '../domain/message.js'
import { splitPlus } from '../domain/plus-address.js'

export const notificationsMax = 20
const recipientsMax = 1_000
const titleMax = 1_000
const textMax = 100_000

const recipientList = z
  .union([z.string().max(320), z.array(z.string().max(320)).max(recipientsMax)])
  .transform((to) => (typeof to === 'string' ? [to] : to))

/** What a guest may hand to `notify`. */
const guestNotification = z.object({
  to: recipientList.nullish(),
  title: z.string().min(1).max(titleMax),
  text: z.string().max(textMax).nullish(),
  severity: z.string().max(32).nullish(),
  fingerprint: z.string().max(200).nullish(),
  channel: z.string().max(64).nullish(),
})

/** A notification as a run reports it. It comes from a process that ran foreign code, so it is checked again. */
const reportedNotification: z.ZodType<JobNotification> = z.object({
  to: z.array(z.string().max(320)).max(recipientsMax),
  title: z.string().min(1).max(titleMax),
  text: z.string().max(textMax),
  severity: z.enum(severities),
  fingerprint: z.string().max(200).nullable(),
  channel: z.string().max(64).nullable(),
})

/** What a run committed together with its changes: it stands in the job's database until the engine has taken it over. */
export interface RunReport {
  run_id: string
  notifications: JobNotification[]
  rows_changed: number
}

export const runReportSchema: z.ZodType<RunReport> = z.object({
  run_id: z.string().max(64),
  notifications: z.array(reportedNotification).max(notificationsMax),
  rows_changed: z.number().int().min(0),
})

/** Names a notification may refer to. */
export interface KnownNames {
  channels: ReadonlySet<string>
  groups: ReadonlySet<string>
}

/** Reads the argument of `notify`. Throws an `Error` whose words are for the guest's author. */
export function readNotification(given: unknown, known: KnownNames): JobNotification {
  const parsed = guestNotification.safeParse(given)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new Error(`notify: ${issue?.path.join('.') || 'the argument'}: ${issue?.message ?? 'is wrong'}`)
  }
  const { to, title, text, severity, fingerprint, channel } = parsed.data
  const read = readSeverity(severity ?? 'warning')
  if (read === null)
    throw new Error(`notify: ${JSON.stringify(severity)} is no severity; one of ${severities.join(', ')}`)
  if (channel && !known.channels.has(channel)) throw new Error(`notify: there is no channel ${JSON.stringify(channel)}`)
  const isGroup = (entry: string) => known.groups.has(entry) || known.groups.has(splitPlus(entry).plain)
  const wrong = to?.find((entry) => !isGroup(entry) && !/^[^\s@<>,;]+@[^\s@<>,;]+$/.test(entry))
  if (wrong !== undefined) {
    throw new Error(`notify: ${JSON.stringify(wrong)} is neither a mail address nor a group`)
  }
  return {
    to: to ?? [],
    title,
    text: text ?? '',
    severity: read,
    fingerprint: fingerprint ?? null,
    channel: channel ?? null,
  }
}
