import { printTable, ratio } from './print.mjs'
import { hasProcFigures } from './process-figures.mjs'

/** Prints what was measured, for people. @param {import('./end-to-end.mjs').Report} report */
export function printReport(report) {
  const { rows, settings } = report
  console.log(
    `MailTrigger end to end: ${settings.sessions} sessions, ${settings.messages} mails, 20 routes, one webhook`,
  )
  if (!hasProcFigures) console.log('CPU and memory are skipped: this system has no /proc')
  printTable('Rates, and CPU of the server', rows.map(rateRow))
  const measured = rows.filter((row) => row.deliveredPerSecond !== null)
  printTable('Milliseconds, median / 99th percentile', measured.map(latencyRow))
  printParts(report)
  printTable('Ratios', ratios(rows))
  const { rssIdleMb, rssAfterMb, lost, duplicated } = report
  printTable('Memory and promises', [
    { ' ': 'resident MB, idle', value: rssIdleMb },
    { ' ': 'resident MB, after all runs', value: rssAfterMb },
    { ' ': 'accepted and lost', value: lost },
    { ' ': 'delivered twice', value: duplicated },
  ])
  for (const row of rows) for (const refusal of row.refused) console.log(`  ${row.name}: ${refusal}`)
}

/** @param {import('./end-to-end.mjs').Run} row */
function rateRow({ name, accepted, acceptedPerSecond, deliveredPerSecond, cpuPerThousand }) {
  const delivered = deliveredPerSecond === null ? '-' : deliveredPerSecond
  return {
    ' ': name,
    mails: accepted,
    'accepted/s': acceptedPerSecond,
    'delivered/s': delivered,
    'cpu-s/1000': cpuPerThousand,
  }
}

/** @param {import('./end-to-end.mjs').Run} row */
function latencyRow(row) {
  const pair = (/** @type {number | null} */ median, /** @type {number | null} */ high) =>
    median === null || high === null ? '-' : `${median.toFixed(1)} / ${high.toFixed(1)}`
  return {
    ' ': row.name,
    'end of DATA to 250': pair(row.acceptP50, row.acceptP99),
    '250 to delivered': pair(row.deliverP50, row.deliverP99),
    'end of DATA to delivered': pair(row.wholeWayP50, row.wholeWayP99),
    // An open loop is one only while its senders are on time.
    'senders late by (p99)': row.latenessP99 === null ? '-' : row.latenessP99.toFixed(1),
  }
}

/** @param {import('./end-to-end.mjs').Report} report */
function printParts({ parts, rows }) {
  const sum = parts.reduce((total, { microseconds }) => total + microseconds, 0)
  const cpuPerThousand = rows[0]?.cpuPerThousand ?? null
  const whole = cpuPerThousand === null ? null : cpuPerThousand * 1_000
  const percent = (/** @type {number} */ value, /** @type {number | null} */ of) =>
    of === null ? null : `${((value / of) * 100).toFixed(0)} %`
  const line = (/** @type {string} */ name, /** @type {number} */ value) => ({
    ' ': name,
    µs: value,
    'of the sum': percent(value, sum),
    'of the whole': percent(value, whole),
  })
  const rest = whole === null ? [] : [line('SMTP, threads, everything else', Math.max(0, whole - sum))]
  const all = parts.map(({ part, microseconds }) => line(part, microseconds))
  printTable('CPU of the parts a 2 KB mail, each alone', [...all, line('sum of the parts', sum), ...rest])
}

/** @param {import('./end-to-end.mjs').Run[]} rows */
function ratios(rows) {
  const [kept, single, large] = rows
  const [bareKept, bareSingle] = rows.filter((row) => row.deliveredPerSecond === null)
  const line = (/** @type {string} */ name, /** @type {number | null} */ value) => ({ ' ': name, ratio: value })
  return [
    line('kept alive / one per connection, accepted', ratio(kept.acceptedPerSecond, single.acceptedPerSecond)),
    line('delivered / accepted, kept alive', ratio(kept.deliveredPerSecond, kept.acceptedPerSecond)),
    line('delivered / accepted, one per connection', ratio(single.deliveredPerSecond, single.acceptedPerSecond)),
    line('durable / accept only, kept alive', ratio(kept.acceptedPerSecond, bareKept.acceptedPerSecond)),
    line('durable / accept only, one per connection', ratio(single.acceptedPerSecond, bareSingle.acceptedPerSecond)),
    line('20 KB / 2 KB, delivered', ratio(large.deliveredPerSecond, kept.deliveredPerSecond)),
    line('CPU, whole server / accept only', ratio(kept.cpuPerThousand, bareKept.cpuPerThousand)),
    line('CPU, one per connection / kept alive', ratio(single.cpuPerThousand, kept.cpuPerThousand)),
  ]
}
