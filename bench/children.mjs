import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url))
const startMsMax = 20_000
const stopMsMax = 20_000
/** For the threads of the server to write their profiles. */
const profileMs = 3_000

/**
 * @typedef {object} Target a server under test
 * @property {number} pid
 * @property {number} port
 * @property {() => Promise<void>} stop
 */

/**
 * The real server, as `mailtrigger serve` starts it, on ports of its own choice.
 * With `profile`, its threads write CPU profiles into that folder when it is stopped.
 * @param {{ folder: string, routesFile: string, profile: string | null }} options @returns {Promise<Target>}
 */
export async function startServer({ folder, routesFile, profile }) {
  const data = join(folder, 'data')
  const listen = ['--smtp', '127.0.0.1:0', '--http', '127.0.0.1:0', '--no-watch']
  const command = [at('../dist/main.js'), 'serve', '--quiet', '-c', routesFile, '--data', data, ...listen]
  const profiling =
    profile === null
      ? {}
      : { NODE_OPTIONS: `--import ${at('./profile-threads.mjs')}`, MAILTRIGGER_BENCH_PROFILE: resolve(profile) }
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...profiling },
  })
  // A benchmark that is interrupted leaves no server behind.
  process.once('exit', () => child.kill('SIGKILL'))
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints = `${complaints}${text}`.slice(-4_000)
  })
  const runtimeFile = join(data, 'runtime.json')
  const deadline = Date.now() + startMsMax
  while (!existsSync(runtimeFile)) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`the server did not start:\n${complaints}`)
    }
    await sleep(25)
  }
  const { smtp } = JSON.parse(readFileSync(runtimeFile, 'utf8'))
  const stop = async () => {
    if (profile !== null && child.kill('SIGUSR2')) await sleep(profileMs)
    await endChild(child)
    if (complaints !== '') process.stderr.write(`the server said:\n${complaints}\n`)
  }
  return { pid: pidOf(child), port: smtp[0].port, stop }
}

/**
 * The receiving room alone: same SMTP, and 250 without keeping anything.
 * @param {string} folder for the certificate @returns {Promise<Target>}
 */
export async function startAcceptOnly(folder) {
  const child = fork(at('./accept-only.mjs'), [folder])
  const { port } = await hear(child, 'ready', startMsMax)
  return { pid: pidOf(child), port, stop: () => endChild(child) }
}

/**
 * @typedef {object} Sink
 * @property {string} url
 * @property {(run: string, count: number, patienceMs: number) => Promise<Map<number, number>>} expect
 *   resolves with when each number of the run came
 * @property {() => Promise<number>} countDuplicates
 * @property {() => Promise<void>} stop
 */

/** @returns {Promise<Sink>} */
export async function startSink() {
  const child = fork(at('./sink.mjs'))
  const { address } = await hear(child, 'ready', startMsMax)
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    async expect(run, count, patienceMs) {
      const heard = hear(child, 'arrived', patienceMs + 5_000)
      child.send({ type: 'expect', run, count, patienceMs })
      return new Map((await heard).arrivals)
    },
    async countDuplicates() {
      const heard = hear(child, 'duplicates', 5_000)
      child.send({ type: 'duplicates' })
      return (await heard).count
    },
    stop: () => endChild(child),
  }
}

/** @param {import('node:child_process').ChildProcess} child @param {string} type @param {number} patienceMs */
function hear(child, type, patienceMs) {
  return new Promise((resolve, reject) => {
    const end = (/** @type {() => void} */ settle) => {
      clearTimeout(timer)
      child.off('message', onMessage)
      child.off('exit', onExit)
      settle()
    }
    const onMessage = (/** @type {any} */ message) => {
      if (message.type === type) end(() => resolve(message))
    }
    const onExit = () => end(() => reject(new Error(`a process of the benchmark ended before it said "${type}"`)))
    const timer = setTimeout(() => end(() => reject(new Error(`nobody said "${type}" in time`))), patienceMs)
    child.on('message', onMessage)
    child.on('exit', onExit)
  })
}

/** @param {import('node:child_process').ChildProcess} child */
async function endChild(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax)
  await ended
  clearTimeout(timer)
}

/** @param {import('node:child_process').ChildProcess} child */
function pidOf(child) {
  if (child.pid === undefined) throw new Error('a process of the benchmark could not be started')
  return child.pid
}
