import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { WasmHost, WasmModule } from '#src/domain/wasm.js'
import { ChildPool, type ChildPoolOptions } from '#src/wasm/child-pool.js'
import { createWasmHost, type WasmHostOptions } from '#src/wasm/host.js'
import { guest, writeWat } from './guests.js'

let folder: string
let loopPath: string
let goodPath: string
const hosts: WasmHost[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wasm-pool-'))
  const handle = (body: string) => guest(`(func (export "handle") (result i32) ${body})`)
  loopPath = await writeWat(folder, 'loop', handle('(call $log (call $input_offset)) (loop $l (br $l)) (i32.const 0)'))
  goodPath = await writeWat(folder, 'good', handle('(call $answer (i64.const 1)) (i32.const 0)'))
})
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function newHost(options: Partial<WasmHostOptions> = {}): WasmHost {
  const host = createWasmHost({ cacheFolder: join(folder, 'cache'), ...options })
  hosts.push(host)
  return host
}

function call(host: WasmHost, module: WasmModule, timeoutMs: number, signal = new AbortController().signal) {
  return host.call({ module, export: 'handle', input: {}, config: {}, timeoutMs }, signal)
}

function outcomeOf(promise: Promise<{ output: unknown }>): Promise<unknown> {
  return promise.then(
    ({ output }) => output,
    (error: { name: string; kind: string }) => `${error.name} ${error.kind}`,
  )
}

describe('the pool', () => {
  it('starts no process before the first call, and one spare with it', async () => {
    const host = newHost()
    expect(host.status()).toEqual({ children: 0, busy: 0, queued: 0, killed: 0, crashed: 0 })
    const module = await host.load(goodPath)
    expect(host.status().children).toBe(0)
    await call(host, module, 10_000)
    expect(host.status()).toMatchObject({ children: 2, busy: 0 })
  })

  it('runs many calls on few children', async () => {
    const host = newHost()
    const module = await host.load(goodPath)
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => outcomeOf(call(host, module, 10_000))))
    expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome)))).toEqual(new Set(['{"n":1}']))
    expect(host.status().children).toBe(2)
  })

  it('refuses more than may wait, and keeps those that do', async () => {
    const host = newHost({ children: 1, queueMax: 2 })
    const [loop, good] = await Promise.all([host.load(loopPath), host.load(goodPath)])
    await call(host, good, 10_000)
    const outcomes = [loop, good, good, good].map((module) =>
      outcomeOf(call(host, module, module === loop ? 400 : 10_000)),
    )
    expect(await outcomes[3]).toBe('SandboxError busy')
    expect(await Promise.all(outcomes.slice(0, 3))).toEqual(['SandboxError timeout', { n: 1 }, { n: 1 }])
  })

  it('gives up on a call that waited too long', async () => {
    const host = newHost({ children: 1, queueWaitMsMax: 100 })
    const [loop, good] = await Promise.all([host.load(loopPath), host.load(goodPath)])
    // The first calls give up as well while the child is still starting.
    while ((await outcomeOf(call(host, good, 10_000))) === 'SandboxError busy');
    const looping = outcomeOf(call(host, loop, 1_000))
    expect(await outcomeOf(call(host, good, 1_000))).toBe('SandboxError busy')
    expect(await looping).toBe('SandboxError timeout')
  })

  it('lets a call be aborted before, while it waits, and while it runs', async () => {
    const host = newHost({ children: 1 })
    const [loop, good] = await Promise.all([host.load(loopPath), host.load(goodPath)])
    await call(host, good, 10_000)
    expect(await outcomeOf(call(host, good, 1_000, AbortSignal.abort()))).toBe('SandboxError closed')

    const running = new AbortController()
    const waiting = new AbortController()
    const outcomes = [call(host, loop, 60_000, running.signal), call(host, good, 1_000, waiting.signal)].map(outcomeOf)
    waiting.abort()
    expect(await outcomes[1]).toBe('SandboxError closed')
    expect(host.status()).toMatchObject({ busy: 1, queued: 0 })
    running.abort()
    expect(await outcomes[0]).toBe('SandboxError closed')
    expect(await outcomeOf(call(host, good, 10_000))).toEqual({ n: 1 })
  })

  it('gives every one of many calls at once its own answer, though others hang and fail between them', async () => {
    const host = newHost()
    const script = `export function handle({ n, bad }) {
      if (bad) throw new Error('call ' + n)
      return { n }
    }`
    const path = join(folder, 'echo.js')
    await writeFile(path, script)
    const [echo, loop] = await Promise.all([host.load(path), host.load(loopPath)])
    const outcomes = await Promise.all(
      Array.from({ length: 90 }, (_, n) => {
        const signal = new AbortController().signal
        if (n % 30 === 0) return outcomeOf(call(host, loop, 200))
        const input = { n, bad: n % 10 === 1 }
        const asked = { module: echo, export: 'handle' as const, input, config: {}, timeoutMs: 20_000 }
        return host.call(asked, signal).then(
          ({ output }) => output,
          (error: Error) => error.message.match(/call \d+/)?.[0],
        )
      }),
    )
    const expected = Array.from({ length: 90 }, (_, n) =>
      n % 30 === 0 ? 'SandboxError timeout' : n % 10 === 1 ? `call ${n}` : { n },
    )
    expect(outcomes).toEqual(expected)
  })

  it.skipIf(process.platform !== 'linux')('leaves no zombie behind when it kills', async () => {
    const before = new Set(await listProcesses(process.pid))
    const host = newHost({ children: 1 })
    const [loop, good] = await Promise.all([host.load(loopPath), host.load(goodPath)])
    for (let round = 0; round < 2; round++) expect(await outcomeOf(call(host, loop, 100))).toBe('SandboxError timeout')
    expect(await outcomeOf(call(host, good, 10_000))).toEqual({ n: 1 })
    expect(host.status().killed).toBe(2)
    await host.stop()
    // Its exit code was asked for: not even a dead one is in the list of processes any more.
    await until(async () => (await listProcesses(process.pid)).every((pid) => before.has(pid)))
  })

  it('replaces children after so many calls', async () => {
    const host = newHost({ children: 1, processLimits: { callsMax: 3 } })
    const module = await host.load(goodPath)
    for (let round = 0; round < 7; round++) expect(await outcomeOf(call(host, module, 10_000))).toEqual({ n: 1 })
    expect(host.status()).toMatchObject({ killed: 0, crashed: 0 })
  })

  it.skipIf(process.platform !== 'linux')('says so when a child dies in a call, and goes on', async () => {
    const before = new Set(await listChildren(process.pid))
    const host = newHost({ children: 1 })
    const [loop, good] = await Promise.all([host.load(loopPath), host.load(goodPath)])
    await call(host, good, 10_000)
    const outcome = outcomeOf(call(host, loop, 60_000))
    for (const pid of await listChildren(process.pid)) if (!before.has(pid)) process.kill(pid, 'SIGKILL')
    expect(await outcome).toBe('SandboxError crash')
    expect(host.status().crashed).toBe(1)
    expect(await outcomeOf(call(host, good, 10_000))).toEqual({ n: 1 })
  })

  it('rejects everything when it stops, and leaves no process', async () => {
    const host = newHost({ children: 1 })
    const [loop, good] = await Promise.all([host.load(loopPath), host.load(goodPath)])
    await call(host, good, 10_000)
    const outcomes = [loop, good, good].map((module) => outcomeOf(call(host, module, 60_000)))
    await host.stop()
    expect(await Promise.all(outcomes)).toEqual(Array.from({ length: 3 }, () => 'SandboxError closed'))
    expect(await outcomeOf(call(host, good, 1_000))).toBe('SandboxError closed')
    expect(host.status()).toMatchObject({ children: 0, busy: 0, queued: 0 })
  })
})

describe('calls of a guest that hangs', () => {
  it('leave room for those of others, and are not made at all after three kills in a row', async () => {
    const host = newHost()
    const [loop, good] = await Promise.all([host.load(loopPath), host.load(goodPath)])
    await call(host, good, 10_000)
    const hanging = Array.from({ length: 100 }, () => outcomeOf(call(host, loop, 200)))
    const honest = Array.from({ length: 20 }, () => outcomeOf(call(host, good, 10_000)))
    expect(new Set((await Promise.all(honest)).map((outcome) => JSON.stringify(outcome)))).toEqual(new Set(['{"n":1}']))
    expect(new Set(await Promise.all(hanging))).toEqual(new Set(['SandboxError timeout']))
    // Two of them hung at once, a third one after that; the other 97 were told so without being run.
    expect(host.status().killed).toBe(3)
    const refused = call(host, loop, 200)
    await expect(refused).rejects.toMatchObject({ kind: 'timeout', message: expect.stringMatching(/rests for [45] s/) })
  })

  it('do not spoil those that end', async () => {
    const host = newHost()
    const [loop, good] = await Promise.all([host.load(loopPath), host.load(goodPath)])
    for (let round = 0; round < 2; round++) expect(await outcomeOf(call(host, loop, 100))).toBe('SandboxError timeout')
    expect(await outcomeOf(call(host, good, 10_000))).toEqual({ n: 1 })
  })
})

describe('a child that never gets ready', () => {
  const options = (program: string, args: string[]): ChildPoolOptions => ({
    spawn: () => spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] }),
    children: 2,
    spares: 1,
    queueMax: 10,
    queueWaitMsMax: 20_000,
    startTimeoutMs: 300,
    loadTimeoutMs: 300,
    callsMax: 10,
    idleMsMax: null,
    logLinesMax: 10,
  })
  const cases: [string, string, string[]][] = [
    ['because it throws', process.execPath, ['-e', 'throw new Error("no good")']],
    ['because it hangs', process.execPath, ['-e', 'for (;;) {}']],
    ['because there is no such program', '/nonexistent/program', []],
  ]
  for (const [name, program, args] of cases) {
    it(`${name} fails the call after a few tries`, async () => {
      const pool = new ChildPool(options(program, args))
      const run = pool.run({ owner: 'test', payload: {}, timeoutMs: 1_000 }, new AbortController().signal)
      await expect(run).rejects.toMatchObject({ name: 'SandboxError', kind: 'crash' })
      expect(pool.status().crashed).toBeLessThanOrEqual(4)
      await pool.stop()
    })
  }
})

describe.skipIf(process.platform !== 'linux')('children die with their parent', () => {
  const hostPath = JSON.stringify(fileURLToPath(import.meta.resolve('#src/wasm/host.js')))
  const program = () => `
    const { createWasmHost } = await import(${hostPath})
    const host = createWasmHost({ cacheFolder: ${JSON.stringify(join(folder, 'cache'))} })
    const module = await host.load(${JSON.stringify(loopPath)})
    void host.call({ module, export: 'handle', input: {}, config: {}, timeoutMs: 600_000 }, new AbortController().signal)
    setInterval(() => { if (host.status().busy === 1) console.log('looping') }, 50)`

  it('when it is killed', async () => {
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(parent.stdout, 'data')
    const children = await listChildren(parent.pid)
    expect(children.length).toBeGreaterThanOrEqual(2)
    parent.kill('SIGKILL')
    await until(() => children.every((pid) => !isAlive(pid)))
  })

  it('when it is a worker thread that is terminated', async () => {
    const before = new Set(await listChildren(process.pid))
    const source = `import('node:module').then(async () => { ${program().replace("console.log('looping')", "parent.postMessage('looping')")} })`
    const worker = new Worker(`const parent = require('node:worker_threads').parentPort; ${source}`, { eval: true })
    await once(worker, 'message')
    const children = (await listChildren(process.pid)).filter((pid) => !before.has(pid))
    expect(children.length).toBeGreaterThanOrEqual(2)
    await worker.terminate()
    await until(() => children.every((pid) => !isAlive(pid)))
  })
})

async function listChildren(pid: number | undefined): Promise<number[]> {
  return (await listProcesses(pid)).filter(isAlive)
}

/** Children, dead or alive; without the `ps` that lists them. */
async function listProcesses(pid: number | undefined): Promise<number[]> {
  const ps = spawn('ps', ['-o', 'pid=', '--ppid', String(pid)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [text] = await Promise.all([ps.stdout.toArray(), once(ps, 'exit')])
  return text
    .join('')
    .split(/\s+/)
    .filter(Boolean)
    .map(Number)
    .filter((child) => child !== ps.pid)
}

/** A zombie is dead; only nobody has asked for its exit code. Linux only, as is the /proc it reads. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Asks until it is so; the test's own timeout is the end of patience. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}
