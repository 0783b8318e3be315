import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openSqlite } from '#src/store/sqlite/binding.js'
import { makeFastFolder } from '../stand-ins/fast-folder.js'
import { composeRaw, makeMails } from './week.js'

const start = Date.parse('2026-11-16T00:00:00Z')
const hourMs = 3_600_000
const folder = makeFastFolder('monit')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const config = `
version: 1
channels: { inbox: { kind: inbox } }
routes:
  - name: stopped services
    when: { from: "monit+*@*", subject: { contains: Does not exist } }
    steps:
      - extract:
          host: { from: body, regex: 'Host:\\s+(\\S+)' }
          service: { from: subject, regex: '(?:Does not exist|Exists) (\\S+)' }
      - set: { labels: { host: "{{ host }}", service: "{{ service }}" } }
      - hold: { for: 30m, key: [host, service], unless: { from: "monit+*@*", subject: { contains: Exists } } }
      - send: inbox
jobs:
  monit-watch:
    module: ${resolve('wasm-actions/monit-watch.ts')}
    schedule: "0 0 1 1 *"
    config: { from: "monit+*@*", default_owner: ops@corp.example }
    send: inbox
`

/** The same day of mail, watched by a route's hold and by the job: each tells of the same services, stopped at the same time. */
test('Monit is watched alike with and without WASM', { timeout: 240_000 }, async () => {
  const mails = makeMails({ start, days: 1, mailsPerDay: 4_000, seed: 3 }).filter(
    ({ from, at }) => from.startsWith('monit') && at < start + 4 * hourMs,
  )
  writeFileSync(join(folder, 'routes.yaml'), config)
  const lines = mails.map((mail) => JSON.stringify({ ...mail, acknowledgedAt: null, raw: composeRaw(mail) }))
  writeFileSync(join(folder, 'mails.jsonl'), lines.join('\n'))
  await simulate()

  const store = openSqlite(join(folder, 'data', 'mailtrigger.sqlite3'), { readonly: true })
  const held = store
    .prepare<[], { labels: string; happened_at: number }>(
      `SELECT n.labels, (SELECT min(started_at) FROM attempts JOIN deliveries d ON d.id = delivery_id
         WHERE d.notification_id = n.id) - 1800000 AS happened_at
       FROM notifications n JOIN notification_states s USING (id) WHERE n.route = 'stopped services' AND s.status <> 'suppressed'`,
    )
    .all()
  store.close()
  const jobs = openSqlite(join(folder, 'data', 'jobs', 'monit-watch.sqlite3'), { readonly: true })
  const watched = jobs.prepare<[], { host: string; service: string; stopped_at: number }>('SELECT * FROM alerts').all()
  jobs.close()

  const byRoute = held.map(({ labels, happened_at: at }) => {
    const { host, service } = JSON.parse(labels) as Record<string, string>
    return `${host} ${service} ${new Date(at).toISOString()}`
  })
  const byJob = watched.map(({ host, service, stopped_at: at }) => `${host} ${service} ${new Date(at).toISOString()}`)
  process.stdout.write(`Monit mails ${mails.length}: ${byRoute.length} told by the route, ${byJob.length} by the job\n`)
  expect(byRoute.length).toBeGreaterThan(5)
  expect(byRoute.sort()).toEqual(byJob.sort())
})

async function simulate(): Promise<void> {
  const args = ['--config', join(folder, 'routes.yaml'), '--mails', join(folder, 'mails.jsonl'), '--next', '0']
  const times = ['--from', `${start}`, '--to', `${start + 6 * hourMs}`]
  const job = ['--job', 'monit-watch', '--job-every', `${hourMs / 2}`]
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', resolve('test/simulation/simulate.mjs'), ...args, ...times, ...job],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
}
