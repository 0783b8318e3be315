import { createHash } from 'node:crypto'
import type { Config } from '../domain/config.js'
import type { NewNotification } from '../domain/delivery.js'
import type { JobNotification, JobSettings } from '../domain/job.js'
import type { Message } from '../domain/message.js'
import type { NotifyRule } from '../domain/monitor.js'
import { noControl } from '../domain/notification.js'
import { hideSecrets } from '../domain/secrets.js'
import type { RunSummary } from '../jobs/run-job.js'
import { expandRecipients } from '../steps/expand-recipients.js'
import { type DeliveryOrder, type DeliveryPlan, plainTerms, planDeliveries } from '../steps/plan-deliveries.js'
import { wordNotification } from '../steps/word-deliveries.js'

const logLinesShown = 20

export interface RunPlan {
  notifications: NewNotification[]
  /** Sentences about whom nothing reaches, and about templates that failed, for the run's log. */
  warnings: string[]
}

/**
 * What a run raised, and what is to be told of the run itself, as notifications with their deliveries. As with routes,
 * whom no channel reaches, `otherwise.send` hears of, with the reason in the message.
 * @param rules those of all jobs and monitors that were added while the server runs.
 */
export async function planRun(summary: RunSummary, config: Config, rules: readonly NotifyRule[]): Promise<RunPlan> {
  const { job } = summary
  const plan: RunPlan = { notifications: [], warnings: [] }
  for (const raised of summary.report?.notifications ?? []) {
    const channels = raised.channel === null ? job.send : [raised.channel]
    const message = startMessage(job, raised, summary.at)
    const recipients = expandRecipients(raised.to, config, false)
    const order = { ...plainTerms, channels, recipients, message }
    add(plan, job, raised.fingerprint, planRescued(order, config, summary.at))
  }
  const told = describeRun(summary, config.secrets)
  const message = startMessage(job, told, summary.at)
  for (const channel of listeners(summary, rules)) {
    const order = { ...plainTerms, channels: [channel], recipients: [], message }
    add(plan, job, told.fingerprint, planRescued(order, config, summary.at))
  }
  return wordPlan(plan, config)
}

async function wordPlan({ notifications, warnings }: RunPlan, config: Config): Promise<RunPlan> {
  const plan: RunPlan = { notifications: [], warnings: [...warnings] }
  for (const unworded of notifications) {
    const { notification, problems } = await wordNotification(unworded, config)
    plan.notifications.push(notification)
    plan.warnings.push(...problems.map((problem) => `“${notification.message.title}”: ${problem}`))
  }
  return plan
}

/**
 * Channels that hear how the run ended, by the job's own words and by rules. An interrupted run did not do its work, so
 * it counts as a failure.
 */
function listeners({ job, outcome }: RunSummary, rules: readonly NotifyRule[]): string[] {
  const { onSuccess, onFailure, onCompletion } = job.notify
  const event = outcome === 'success' ? 'on_success' : 'on_failure'
  const ruled = rules.filter(
    (rule) =>
      rule.subject === 'job' &&
      (rule.name === '*' || rule.name === job.name) &&
      (rule.event === event || rule.event === 'on_completion'),
  )
  const own = outcome === 'success' ? onSuccess : onFailure
  return [...new Set([...own, ...onCompletion, ...ruled.flatMap(({ channels }) => channels)])]
}

function describeRun(
  { job, runId, outcome, error, logs, report }: RunSummary,
  secrets: readonly string[],
): JobNotification {
  const words = { success: 'ran', failure: 'failed', interrupted: 'was interrupted' }[outcome]
  const facts = report ? `${report.notifications.length} notifications, ${report.rows_changed} rows changed` : null
  const lines = logs.slice(-logLinesShown).map(({ level, message }) => `${level}: ${message}`)
  const text = [error, facts, ...lines, `run ${runId}`].filter((line) => line !== null).join('\n')
  return {
    to: [],
    title: `job ${job.name} ${words}`,
    text: hideSecrets(text, secrets),
    severity: outcome === 'success' ? 'info' : 'error',
    fingerprint: `job/${job.name}/runs`,
    channel: null,
  }
}

function startMessage(job: JobSettings, raised: JobNotification, at: number): Message {
  return {
    title: raised.title,
    text: raised.text,
    severity: raised.severity,
    from: `job ${job.name}`,
    labels: {},
    links: [],
    attachments: [],
    notes: [],
    mailId: null,
    receivedAt: at,
  }
}

interface Rescued {
  message: Message
  deliveries: DeliveryPlan['deliveries']
  problem: string | null
}

function planRescued(order: DeliveryOrder, config: Config, now: number): Rescued {
  const { message, recipients, channels } = order
  const plan = planDeliveries(order, config, now)
  const problem = describeProblem(plan, recipients, channels)
  if (problem === null) return { message, deliveries: plan.deliveries, problem }
  const whom = plan.unreached.length > 0 ? plan.unreached : recipients
  const noted = { ...message, notes: [problem] }
  const rescue = { ...order, channels: config.otherwise.send, recipients: whom, message: noted }
  const more = planDeliveries(rescue, config, now)
  return { message, deliveries: [...plan.deliveries, ...more.deliveries], problem }
}

function describeProblem(plan: DeliveryPlan, recipients: string[], channels: string[]): string | null {
  if (plan.unreached.length > 0) {
    const list = channels.length > 0 ? channels.join(', ') : 'any channel, as the job names none'
    return `${plan.unreached.join(', ')} cannot be reached on ${list}`
  }
  if (plan.deliveries.length > 0) return null
  if (channels.length === 0) return 'neither the job nor its notification names a channel'
  return recipients.length === 0 ? `nobody is named to be reached on ${channels.join(', ')}` : null
}

function add(plan: RunPlan, job: JobSettings, fingerprint: string | null, rescued: Rescued): void {
  const { message, deliveries, problem } = rescued
  if (problem !== null) {
    const nobody = deliveries.length === 0 ? '; nobody hears of it' : ''
    plan.warnings.push(`“${message.title}”: ${problem}${nobody}`)
  }
  plan.notifications.push({
    route: `job ${job.name}`,
    severity: message.severity,
    event: null,
    fingerprint: fingerprint ?? hash([job.name, message.title]),
    labels: {},
    message,
    flagged: problem,
    control: noControl,
    deliveries,
  })
}

function hash(parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}
