import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { DiskRoom } from '#src/domain/disk-room.js'
import { type DiskWatch, watchDisk } from '#src/receive/disk-watch.js'
import { until } from '../stand-ins/until.js'

let folder: string
let watch: DiskWatch | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailtrigger-watch-'))
})
afterEach(() => {
  watch?.stop()
  rmSync(folder, { recursive: true, force: true })
})

it('knows the free space from the start, and tells each change once', async () => {
  const changes: DiskRoom[] = []
  let freeBytesMin = 0
  watch = await watchDisk({
    folder,
    freeBytesMin: () => freeBytesMin,
    onChange: (room) => changes.push(room),
    onProblem: () => undefined,
    everyMs: 2,
  })
  expect(watch.read()).toMatchObject({ freeBytesMin: 0, isNearlyFull: false })
  expect(watch.read().freeBytes).toBeGreaterThan(0)
  freeBytesMin = Number.MAX_SAFE_INTEGER
  await until(() => watch?.read().isNearlyFull, 'it is nearly full')
  const { bavail, bsize } = statfsSync(folder)
  // Somewhat more than the floor is needed for it to end.
  freeBytesMin = bavail * bsize * 0.98
  await until(() => watch?.read().freeBytesMin === freeBytesMin, 'it was looked at')
  expect(watch.read().isNearlyFull).toBe(true)
  freeBytesMin = bavail * bsize * 0.5
  await until(() => !watch?.read().isNearlyFull, 'there is room again')
  expect(changes.map(({ isNearlyFull }) => isNearlyFull)).toEqual([true, false])
})

it('goes by what it knew while the disk does not answer, and says so once', async () => {
  const problems: string[] = []
  watch = await watchDisk({
    folder,
    freeBytesMin: () => Number.MAX_SAFE_INTEGER,
    onChange: () => undefined,
    onProblem: (problem) => problems.push(problem),
    everyMs: 2,
  })
  expect(watch.read().isNearlyFull).toBe(true)
  const before = watch.read()
  rmSync(folder, { recursive: true })
  await until(() => problems.length > 0, 'it complains')
  expect(watch.read()).toEqual(before)
  mkdirSync(folder)
  await until(() => watch?.read() !== before, 'it answers again')
  expect(problems).toEqual([expect.stringContaining('ENOENT')])
})
