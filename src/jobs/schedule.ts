import cron, { type ScheduledTask } from 'node-cron'

const minuteMs = 60_000
/** What lies further back, or is more than this, is no longer worth counting. */
const missedDaysMax = 31
const missedMax = 1_000
/** A machine that was busy or asleep runs what is this late; left alone, node-cron gives it up after one second. */
const latenessMsMax = 5 * minuteMs

/** Says what is wrong with a cron schedule or its timezone, or null when both can be used. */
export function checkSchedule(schedule: string, timezone: string): string | null {
  if (schedule.trim().split(/\s+/).length !== 5 || !cron.validate(schedule)) {
    return `"${schedule}" is no cron schedule (minute hour day month weekday)`
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone })
    return null
  } catch {
    return `"${timezone}" is no timezone; use a name like Asia/Taipei or Europe/Berlin`
  }
}

/**
 * The next `count` times from now, in milliseconds since the epoch. A day and a weekday have to meet.
 * At a change of clocks node-cron leaves out a time that does not exist, and takes one that comes twice once or, in
 * schedules of every minute or hour, both times.
 */
export function listNextRuns(schedule: string, timezone: string, count: number): number[] {
  return withTask(schedule, timezone, (task) => task.getNextRuns(count).map((date) => date.getTime()))
}

/** How many scheduled times lie after `since` and up to `until`, at most 1,000 of the last 31 days. */
export function countScheduled(schedule: string, timezone: string, since: number, until: number): number {
  return withTask(schedule, timezone, (task) => {
    const minutes = new Set(cron.parse(schedule).minute)
    const oldest = Math.max(since, until - missedDaysMax * 24 * 60 * minuteMs)
    let count = 0
    for (let at = Math.floor(until / minuteMs) * minuteMs; at > oldest && count < missedMax; at -= minuteMs) {
      if (mayBeMinute(at, minutes) && task.match(new Date(at))) count++
    }
    return count
  })
}

/** Calls back at the scheduled times; `onMissed` when this process could not keep one of them. Always `stop` it. */
export function startSchedule(
  schedule: string,
  timezone: string,
  on: { due: (scheduledAt: number) => void; missed: (scheduledAt: number) => void },
): { stop: () => void } {
  const task = cron.createTask(schedule, ({ date }) => on.due(date.getTime()), {
    timezone,
    suppressMissedWarning: true,
    missedExecutionTolerance: latenessMsMax,
  })
  task.on('execution:missed', ({ date }) => on.missed(date.getTime()))
  void task.start()
  return { stop: () => void task.destroy() }
}

/** Time zones differ by quarters of an hour, which rules out most minutes without asking for the local time. */
function mayBeMinute(at: number, minutes: ReadonlySet<number>): boolean {
  const minute = Math.floor(at / minuteMs) % 60
  return [0, 15, 30, 45].some((quarter) => minutes.has((minute + quarter) % 60))
}

function withTask<Result>(schedule: string, timezone: string, work: (task: ScheduledTask) => Result): Result {
  const task = cron.createTask(schedule, () => undefined, { timezone })
  try {
    return work(task)
  } finally {
    void task.destroy()
  }
}
