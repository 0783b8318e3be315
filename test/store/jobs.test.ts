import { describe, expect, it } from 'vitest'
import type { RunEnd } from '#src/store/job-store.js'
import type { Store } from '#src/store/store.js'
import { makeDelivery, makeFolder, makeMessage, makeNotification, noon, openStore } from './store-fixture.js'

const end = (id: string, changes: Partial<RunEnd> = {}): RunEnd => ({
  id,
  outcome: 'success',
  error: null,
  logs: [{ level: 'info', message: 'a "quoted" line' }],
  finishedAt: noon + 50,
  durationMs: 50,
  notifications: 1,
  rowsChanged: 2,
  runsKept: 200,
  ...changes,
})
const start = (store: Store, id: string, job = 'watch') =>
  store.startRun({ id, job, trigger: 'schedule', scheduledAt: noon, startedAt: noon + 5, sha256: 'abc' })
const raised = () =>
  makeNotification([makeDelivery({ message: makeMessage({ mailId: null }) })], { route: 'job watch' })

describe('a run', () => {
  it('is recorded as it begins, and as it ends with what it raised', async () => {
    const store = openStore()
    await store.saveJobState('watch', { enabled: true, watchedSince: noon })
    await start(store, 'r1')
    expect(await store.readRun('r1')).toMatchObject({ outcome: 'running', finished_at: null, logs: [] })
    expect((await store.listUnfinishedRuns()).map(({ id }) => id)).toEqual(['r1'])
    expect(await store.finishRun(end('r1'), [raised()])).toMatchObject({ deliveries: 1, channels: ['ops'] })
    expect(await store.readRun('r1')).toEqual({
      id: 'r1',
      job: 'watch',
      trigger: 'schedule',
      scheduled_at: new Date(noon).toISOString(),
      started_at: new Date(noon + 5).toISOString(),
      finished_at: new Date(noon + 50).toISOString(),
      outcome: 'success',
      error: null,
      logs: [{ level: 'info', message: 'a "quoted" line' }],
      duration_ms: 50,
      notifications: 1,
      rows_changed: 2,
      sha256: 'abc',
    })
    expect(await store.listUnfinishedRuns()).toEqual([])
    expect(await store.readJobState('watch')).toEqual({ enabled: true, watchedSince: noon, lastSuccessAt: noon + 5 })
  })

  it('ends once: what is said again changes nothing', async () => {
    const store = openStore()
    await start(store, 'r1')
    await store.finishRun(end('r1'), [raised()])
    expect(await store.finishRun(end('r1', { outcome: 'failure' }), [raised()])).toBe(false)
    expect(await store.finishRun(end('unknown'), [raised()])).toBe(false)
    expect((await store.readRun('r1'))?.outcome).toBe('success')
    expect((await store.listDeliveries({ limit: 10 })).items).toHaveLength(1)
  })

  it('that was killed while it committed went well after all, and both ends are told', async () => {
    const store = openStore()
    await start(store, 'r1')
    expect(await store.finishRun(end('r1', { outcome: 'failure', error: 'late' }), [raised()])).not.toBe(false)
    expect(await store.finishRun(end('r1', { outcome: 'interrupted' }), [raised()])).toBe(false)
    expect(await store.finishRun(end('r1'), [raised()])).toMatchObject({ deliveries: 1, channels: ['ops'] })
    expect(await store.finishRun(end('r1'), [raised()])).toBe(false)
    expect(await store.readRun('r1')).toMatchObject({ outcome: 'success', error: null })
    expect((await store.listDeliveries({ limit: 10, runId: 'r1' })).items).toHaveLength(2)
  })

  it('may raise the same twice, and two runs may say the same', async () => {
    const store = openStore()
    await start(store, 'r1')
    await start(store, 'r2')
    await store.finishRun(end('r1'), [raised(), raised()])
    await store.finishRun(end('r2'), [raised()])
    expect((await store.listDeliveries({ limit: 10 })).items).toHaveLength(3)
    expect((await store.listDeliveries({ limit: 10, runId: 'r2' })).items).toMatchObject([
      { mail_id: null, run_id: 'r2', route: 'job watch', status: 'queued' },
    ])
  })

  it('is listed newest first, page by page, and forgotten when it is too old', async () => {
    const store = openStore()
    for (let index = 0; index < 8; index++) {
      await start(store, `r${index}`)
      await start(store, `x${index}`, 'other')
      await store.finishRun(end(`r${index}`, { runsKept: 5 }), [])
    }
    const page = await store.listRuns('watch', { limit: 3 })
    expect(page.items.map(({ id }) => id)).toEqual(['r7', 'r6', 'r5'])
    const rest = await store.listRuns('watch', { limit: 10, cursor: page.next_cursor ?? '' })
    expect(rest.items.map(({ id }) => id)).toEqual(['r4', 'r3'])
    expect((await store.listRuns('other', { limit: 100 })).items).toHaveLength(8)
  })
})

describe('what a run raised', () => {
  it('is claimed, retried and cancelled like anything else', async () => {
    const store = openStore()
    await start(store, 'r1')
    await store.finishRun(end('r1'), [raised()])
    const claim = { owner: 'o', channel: 'ops', now: noon + 60, leaseMs: 1_000, limit: 5 }
    const [delivery] = await store.claimDeliveries(claim)
    expect(delivery).toMatchObject({ mailId: null, runId: 'r1', message: { title: 'Disk full' } })
    const settlement = { now: noon + 70, dueAt: null, refund: false, lastError: 'gone', remote: {}, address: null }
    const { id: deliveryId = '', epoch = 0 } = delivery ?? {}
    const dead = { status: 'dead' as const, attempt: null, holdBack: null, goesOn: false, ackDisplay: null }
    expect(await store.settleDelivery({ ...settlement, ...dead, deliveryId, owner: 'o', epoch })).toBe(true)
    expect(await store.retryDeliveries({ runId: 'r1' }, noon + 80)).toBe(1)
    expect(await store.cancelDeliveries({ runId: 'r2' }, noon + 80)).toBe(0)
    expect(await store.cancelDeliveries({ runId: 'r1' }, noon + 80)).toBe(1)
  })

  it('goes with retention: deliveries, notifications and inbox entries', async () => {
    const store = openStore()
    await start(store, 'r1')
    await store.finishRun(end('r1'), [raised()])
    await store.saveToInbox({
      mailId: null,
      deliveryId: 'd1',
      recipient: null,
      message: makeMessage({ mailId: null }),
      at: noon,
    })
    await store.cancelDeliveries({ runId: 'r1' }, noon)
    const rule = { mailsBefore: null, deliveriesBefore: noon + 1_000, sizeBytesMax: null, limit: 100 }
    expect(await store.expire(rule)).toBe(3)
    expect((await store.listDeliveries({ limit: 10 })).items).toEqual([])
    expect((await store.listInbox({ limit: 10 })).items).toEqual([])
  })
})

describe('an uploaded job', () => {
  const module = new Uint8Array([0, 0x61, 0x73, 0x6d])
  const upload = { name: 'watch', definition: { schedule: '* * * * *' }, filename: 'watch.wasm', module }

  it('is kept over a restart, replaced, and deleted with its runs', async () => {
    const folder = makeFolder()
    const before = openStore(folder)
    await before.saveUploadedJob(upload)
    await before.saveUploadedJob({ ...upload, definition: { schedule: '0 8 * * *' } })
    await start(before, 'r1')
    await before.saveJobState('watch', { enabled: false, watchedSince: noon })
    await before.close()
    const store = openStore(folder)
    const [kept] = await store.listUploadedJobs()
    expect({ ...kept, module: [...(kept?.module ?? [])] }).toEqual({
      ...upload,
      definition: { schedule: '0 8 * * *' },
      module: [...module],
    })
    expect(await store.readJobState('watch')).toMatchObject({ enabled: false })
    expect(await store.deleteUploadedJob('watch')).toBe(true)
    expect(await store.deleteUploadedJob('watch')).toBe(false)
    expect(await store.readRun('r1')).toBeNull()
    expect(await store.readJobState('watch')).toBeNull()
  })
})
