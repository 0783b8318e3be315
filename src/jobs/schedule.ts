import cron from 'node-cron'

/** Says what is wrong with a cron schedule or its timezone, or null when both can be used. */
export function checkSchedule(schedule: string, timezone: string): string | null {
  if (!cron.validate(schedule)) return `"${schedule}" is no cron schedule (minute hour day month weekday)`
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone })
    return null
  } catch {
    return `"${timezone}" is no timezone; use a name like Asia/Taipei or Europe/Berlin`
  }
}
