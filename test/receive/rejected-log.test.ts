import { describe, expect, it } from 'vitest'
import type { CountedRejection, Rejection } from '#src/domain/rejection.js'
import { RejectedLog } from '#src/receive/rejected-log.js'
import { until } from '../stand-ins/until.js'

const rejection: Rejection = {
  at: 1,
  client: '192.0.2.1',
  from: 'a@x.example',
  rcpt: null,
  user: null,
  reason: 'unknown_recipient',
  code: 550,
  message: 'no such recipient',
}

function openLog(save?: () => Promise<void>, intervalMs = 60_000) {
  const batches: CountedRejection[][] = []
  const problems: unknown[] = []
  const log = new RejectedLog(
    async (batch) => {
      await save?.()
      batches.push(batch)
    },
    (error) => problems.push(error),
    intervalMs,
  )
  return { log, batches, problems }
}

describe('the way to the rejected log', () => {
  it('writes the first at once, and sums up a flood', async () => {
    const { log, batches } = openLog()
    log.add(rejection)
    await until(() => batches.length === 1, 'the first is written')
    for (let n = 0; n < 10_000; n++) log.add({ ...rejection, at: n, rcpt: `r${n}@x.example` })
    log.add({ ...rejection, reason: 'too_large', code: 552 })
    log.add({ ...rejection, client: '2001:db8::1' })
    log.add({ ...rejection, client: '2001:db8::2' })
    await log.close()
    expect(batches).toHaveLength(2)
    expect(batches[1]?.map(({ rejection: { client, reason, rcpt }, count }) => [client, reason, rcpt, count])).toEqual([
      ['192.0.2.1', 'unknown_recipient', 'r9999@x.example', 10_000],
      ['192.0.2.1', 'too_large', null, 1],
      ['2001:db8::2', 'unknown_recipient', null, 2],
    ])
  })

  it('is bounded, however many knock, and counts each of them', async () => {
    const { log, batches } = openLog()
    for (let n = 0; n < 5_000; n++) log.add({ ...rejection, client: `10.0.${n >> 8}.${n & 255}` })
    await log.close()
    const batch = batches.flat()
    expect(batch).toHaveLength(1_001)
    expect(batch.reduce((sum, { count }) => sum + count, 0)).toBe(5_000)
    expect(batch.at(-1)).toMatchObject({ rejection: { client: 'others', from: null }, count: 4_000 })
  })

  it('loses nothing when the store fails for a while', async () => {
    let isBroken = true
    const { log, batches, problems } = openLog(
      () => (isBroken ? Promise.reject(new Error('disk')) : Promise.resolve()),
      1,
    )
    log.add(rejection)
    log.add(rejection)
    await until(() => problems.length > 0, 'the store has failed')
    isBroken = false
    log.add(rejection)
    await until(() => batches.length > 0, 'the store has taken them')
    await log.close()
    expect(batches.flat().reduce((sum, { count }) => sum + count, 0)).toBe(3)
  })

  it('keeps nothing alive after its end', async () => {
    const { log, batches } = openLog(undefined, 1)
    await log.close()
    log.add(rejection)
    await new Promise((resolve) => setImmediate(resolve))
    expect(batches).toEqual([])
  })

  it('closes empty without a write', async () => {
    const { log, batches } = openLog()
    await log.close()
    expect(batches).toEqual([])
  })
})
