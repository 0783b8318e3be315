import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { watchConfig } from '#src/config/watch.js'

let folder: string
let abort: AbortController

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watch-'))
  abort = new AbortController()
})

afterEach(async () => {
  abort.abort()
  await rm(folder, { recursive: true })
})

/** `next` resolves at the next call that nobody waited for yet. */
function watched(files: string[]) {
  let calls = 0
  let taken = 0
  let wake = () => {}
  watchConfig({
    files: () => files,
    debounceMs: 10,
    signal: abort.signal,
    onChange: () => {
      calls++
      wake()
    },
  })
  return {
    calls: () => calls,
    async next() {
      taken++
      while (calls < taken) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

test('a file that is replaced by renaming is noticed, again and again', async () => {
  const file = join(folder, 'routes.yaml')
  await writeFile(file, 'a: 0\n')
  const watch = watched([file])
  for (const round of [1, 2, 3]) {
    await replace(file, `a: ${round}\n`)
    await watch.next()
  }
  expect(watch.calls()).toBe(3)
})

test('a file that is written in place is noticed', async () => {
  const file = join(folder, 'routes.yaml')
  await writeFile(file, 'a: 0\n')
  const watch = watched([file])
  await writeFile(file, 'a: 1\n')
  await watch.next()
})

test('the same contents written again, and other files beside, are no change', async () => {
  const file = join(folder, 'routes.yaml')
  await writeFile(file, 'a: 0\n')
  const watch = watched([file])
  await replace(file, 'a: 0\n')
  await writeFile(join(folder, 'notes.txt'), 'x')
  await replace(file, 'a: 1\n')
  await watch.next()
  expect(watch.calls()).toBe(1)
})

test('a folder notices files that come and go, but not route tests', async () => {
  await writeFile(join(folder, 'a.yaml'), 'a: 0\n')
  const watch = watched([folder])
  await writeFile(join(folder, 'b.yml'), 'b: 0\n')
  await watch.next()
  await writeFile(join(folder, 'c.test.yaml'), 'c: 0\n')
  await rm(join(folder, 'a.yaml'))
  await watch.next()
  expect(watch.calls()).toBe(2)
})

test('a swap of the ..data link, as Kubernetes does it, is noticed', async () => {
  for (const version of ['v1', 'v2']) {
    await mkdir(join(folder, version))
    await writeFile(join(folder, version, 'routes.yaml'), `a: ${version}\n`)
  }
  await symlink('v1', join(folder, '..data'))
  await symlink('..data/routes.yaml', join(folder, 'routes.yaml'))
  const watch = watched([join(folder, 'routes.yaml')])
  await symlink('v2', join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  await watch.next()
})

test('a file that goes away and comes back is noticed both times', async () => {
  const file = join(folder, 'routes.yaml')
  await writeFile(file, 'a: 0\n')
  const watch = watched([file])
  await rm(file)
  await watch.next()
  await writeFile(file, 'a: 0\n')
  await watch.next()
})

test('after the signal nothing is called', async () => {
  const file = join(folder, 'routes.yaml')
  await writeFile(file, 'a: 0\n')
  const watch = watched([file])
  abort.abort()
  await replace(file, 'a: 1\n')
  const other = new AbortController()
  await new Promise<void>((resolve) => {
    watchConfig({ files: () => [file], debounceMs: 10, signal: other.signal, onChange: resolve })
    void replace(file, 'a: 2\n')
  })
  other.abort()
  expect(watch.calls()).toBe(0)
})
