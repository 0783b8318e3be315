import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { prepareClaims } from '../dist/store/sqlite/claim-deliveries.js'
import { openDatabase } from '../dist/store/sqlite/open-database.js'
import { openSqliteStore } from '../dist/store/sqlite/sqlite-store.js'
import { percentile, printTable, ratio } from './print.mjs'

/** @typedef {import('../dist/store/store.js').Store} Store */
/** @typedef {import('../dist/store/store.js').ClaimedDelivery} ClaimedDelivery */

const help = `node bench/queue.mjs [options]
  --rows N   as many deliveries at most, 1,000 to 1,000,000 (1,000,000: about 20 minutes)`

const sizes = readSizes()
const deliveriesPerMail = 10
const routes = 20
const claimsMeasured = 500
const batchSize = 500
const start = Date.UTC(2025, 5, 6, 12)
const owner = 'bench'

const folder = mkdtempSync(join(process.env.MAILTRIGGER_BENCH_DIR ?? tmpdir(), 'mailtrigger-queue-'))
const file = join(folder, 'mailtrigger.sqlite3')
try {
  const claimRows = await measureClaims()
  printTable('claim of 8 deliveries, without the commit (waiting rows are made by SQL, in bulk)', claimRows)
  const store = openSqliteStore(folder, () => start)
  printTable('all of them claimed and settled through the store, 500 a commit', await drain(store))
  const afterDrain = sizeMb()
  const before = countRows()
  printTable('retention deletes all of it', await expireAll(store))
  await store.close()
  printTable('rows', compareRows(before, countRows()))
  const database = openDatabase(file)
  console.log(`\nPRAGMA integrity_check: ${database.pragma('integrity_check', { simple: true })}`)
  console.log(
    `file: ${afterDrain} MB with everything in it, ${sizeMb()} MB after retention (free pages are used again)`,
  )
  database.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** One step for each size up to `--rows`, which is the last. @returns {number[]} */
function readSizes() {
  const { values } = parseArgs({ options: { rows: { type: 'string' }, help: { type: 'boolean', default: false } } })
  const rows = Number(values.rows ?? 1_000_000)
  if (values.help || !Number.isInteger(rows) || rows < 1_000 || rows > 1_000_000) {
    console.log(help)
    process.exit(values.help ? 0 : 2)
  }
  return [...[1_000, 100_000].filter((size) => size < rows), rows]
}

/** Fills the file step by step; the claims of each step are taken back. */
async function measureClaims() {
  const rows = []
  let base = /** @type {number | null} */ (null)
  for (const size of sizes) {
    const database = openDatabase(file)
    fillUp(database, size / deliveriesPerMail)
    const claims = prepareClaims(database)
    const took = /** @type {number[]} */ ([])
    const cpuBefore = process.cpuUsage()
    database.exec('BEGIN IMMEDIATE')
    for (let n = 0; n < claimsMeasured; n++) {
      const from = performance.now()
      const claimed = claims.claimDeliveries({ owner, channel: 'ops', now: start, leaseMs: 60_000, limit: 8 })
      took.push((performance.now() - from) * 1_000)
      if (claimed.length !== 8 && size >= claimsMeasured * 8) throw new Error(`${claimed.length} of 8 were claimed`)
      // With few waiting, those that were claimed are made due again, so that every claim finds as many.
      if (size < claimsMeasured * 8) database.exec(`ROLLBACK; BEGIN IMMEDIATE`)
    }
    database.exec('ROLLBACK')
    const { user, system } = process.cpuUsage(cpuBefore)
    database.close()
    const p50 = percentile(took, 0.5)
    base ??= p50
    rows.push({
      waiting: size,
      'p50 µs': p50,
      'p99 µs': percentile(took, 0.99),
      'CPU µs': (user + system) / claimsMeasured,
      'p50 to the first': ratio(p50, base),
    })
  }
  return rows
}

/** @param {import('better-sqlite3').Database} database @param {number} mails */
function fillUp(database, mails) {
  const from = /** @type {{ count: number }} */ (database.prepare('SELECT count(*) AS count FROM mails').get()).count
  const numbers = `WITH RECURSIVE numbers (n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${mails - 1})`
  const route = `'route ' || (n % ${routes})`
  const message = JSON.stringify({
    title: 'Disk full',
    text: 'x'.repeat(300),
    severity: 'warning',
    from: 'monit@svc.example.test',
    labels: {},
    links: [],
    attachments: [],
    notes: [],
    mailId: 'x',
    receivedAt: start,
  })
  const fill = database.transaction(() => {
    database.exec(`${numbers} INSERT INTO mails (id, received_at, size_bytes, envelope, status, subject, from_address)
      SELECT printf('m%025d', n), ${start} + n, 2000, '{"from":"a@svc.example.test","to":["ops@gw.example.test"]}', 'routed',
        'Disk full', 'monit@svc.example.test' FROM numbers`)
    database.exec(`${numbers} INSERT INTO raw_mails SELECT printf('m%025d', n), randomblob(2000) FROM numbers`)
    database.exec(`${numbers} INSERT INTO traces SELECT printf('m%025d', n), 0, '{"routes":[]}' FROM numbers`)
    database.exec(`${numbers} INSERT INTO notifications (id, mail_id, generation, route, severity, fingerprint, labels, message, created_at)
      SELECT printf('n%025d', n), printf('m%025d', n), 0, ${route}, 'warning', 'f' || n, '{}', '${message}', ${start} FROM numbers`)
    database.exec(`${numbers} INSERT INTO notification_states (id, route, fingerprint, status, opens, offers_ack)
      SELECT printf('n%025d', n), ${route}, 'f' || n, 'queued', 1, 0 FROM numbers`)
    for (let d = 0; d < deliveriesPerMail; d++) {
      database.exec(`${numbers} INSERT INTO deliveries (id, notification_id, mail_id, route, channel, recipient, address, status, retry_ms,
          due_at, dedupe_key, created_at, updated_at)
        SELECT printf('d%024d%d', n, ${d}), printf('n%025d', n), printf('m%025d', n), ${route}, 'ops', 'tim@gw.example.test',
          '${d}', 'queued', '[60000,300000]', ${start} - 1000000 + n, n || '/0/ops/${d}', ${start}, ${start} FROM numbers`)
    }
  })
  fill.immediate()
}

/** @param {Store} store */
async function drain(store) {
  const took = /** @type {number[]} */ ([])
  let settled = 0
  for (;;) {
    const from = performance.now()
    const claimed = await store.claimDeliveries({
      owner,
      channel: 'ops',
      now: start,
      leaseMs: 60_000,
      limit: batchSize,
    })
    if (claimed.length === 0) break
    const kept = await Promise.all(claimed.map((delivery) => store.settleDelivery(settlementOf(delivery))))
    settled += kept.filter(Boolean).length
    took.push(((performance.now() - from) * 1_000) / claimed.length)
  }
  const { deliveries } = await store.readStats(start)
  if (deliveries.sent !== settled) throw new Error(`${deliveries.sent} of ${settled} are sent`)
  const tenth = Math.ceil(took.length / 10)
  const first = percentile(took.slice(0, tenth), 0.5)
  const last = percentile(took.slice(-tenth), 0.5)
  return [{ settled, 'first tenth, µs each': first, 'last tenth, µs each': last, 'last to first': ratio(last, first) }]
}

/** @param {ClaimedDelivery} delivery @returns {import('../dist/store/store.js').Settlement} */
function settlementOf({ id: deliveryId, epoch }) {
  return {
    deliveryId,
    owner,
    epoch,
    now: start,
    status: 'sent',
    dueAt: null,
    refund: false,
    lastError: null,
    remote: { id: deliveryId },
    address: null,
    attempt: { deliveryId, startedAt: start, durationMs: 1, outcome: 'accepted', statusCode: 200, excerpt: 'ok' },
    holdBack: null,
    goesOn: false,
    ackDisplay: null,
  }
}

/** Everything is too old. What other work would wait for is the longest turn of the event loop. @param {Store} store */
async function expireAll(store) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const mailsBefore = start + 1_000_000_000
  const from = performance.now()
  let deleted = 0
  delay.enable()
  for (let gone = 1; gone > 0; deleted += gone) {
    gone = await store.expire({ mailsBefore, deliveriesBefore: mailsBefore, sizeBytesMax: null, limit: batchSize })
  }
  delay.disable()
  const ms = (/** @type {number} */ nanoseconds) => nanoseconds / 1e6
  return [
    {
      deleted,
      seconds: (performance.now() - from) / 1_000,
      'turn p50 ms': ms(delay.percentile(50)),
      'turn p99 ms': ms(delay.percentile(99)),
      'longest ms': ms(delay.max),
    },
  ]
}

/** @returns {Record<string, number>} */
function countRows() {
  const database = openDatabase(file)
  const tables = /** @type {{ name: string }[]} */ (
    database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'`).all()
  )
  const counts = tables.map(({ name }) => {
    const row = /** @type {{ count: number }} */ (database.prepare(`SELECT count(*) AS count FROM "${name}"`).get())
    return [name, row.count]
  })
  database.close()
  return Object.fromEntries(counts)
}

/** @param {Record<string, number>} before @param {Record<string, number>} after */
function compareRows(before, after) {
  const used = Object.keys(before).filter((name) => before[name] || after[name])
  return used.map((table) => ({ table, 'after the queue is empty': before[table], 'after retention': after[table] }))
}

function sizeMb() {
  return Math.round(statSync(file).size / 1e6)
}
