// Measures guests of three languages on this machine: through the pool of child processes, as the gateway runs them, and
// bare, in this process, with a compiled module and a fresh instance a call. The ratio is what isolation costs.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createPlugin } from '@extism/extism'
import { createWasmHost } from '../dist/wasm/host.js'
import { percentile, printTable, ratio } from './print.mjs'

const help = `node bench/wasm.mjs [options]
  --calls N      calls of each warm run, 50 to 20,000 (1000)
  --children N   processes of the pool, 1 to 16 (2)
  --json         one JSON document instead of a table`
const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url))
const coldRuns = 5

/** The same action, with the same answers. */
const languages = {
  TypeScript: at('../wasm-actions/project-owner.ts'),
  AssemblyScript: at('../wasm-actions/examples/assemblyscript/project-owner.as.ts'),
  C: at('../wasm-actions/examples/c/project-owner.wasm'),
}

const options = readOptions()
const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-bench-wasm-'))
try {
  const rows = []
  for (const [language, path] of Object.entries(languages)) rows.push(await measureLanguage(language, path))
  if (options.json) console.log(JSON.stringify({ settings: options, rows }, null, 2))
  else print(rows)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function readOptions() {
  const text = { type: /** @type {const} */ ('string') }
  const flag = { type: /** @type {const} */ ('boolean'), default: false }
  const { values } = parseArgs({ options: { calls: text, children: text, json: flag, help: flag } })
  if (values.help) {
    console.log(help)
    process.exit(0)
  }
  const calls = readCount(values.calls ?? '1000', 50, 20_000)
  return { calls, children: readCount(values.children ?? '2', 1, 16), json: values.json }
}

function readCount(/** @type {string} */ text, /** @type {number} */ min, /** @type {number} */ max) {
  const count = Number(text)
  if (Number.isInteger(count) && count >= min && count <= max) return count
  console.error(`"${text}" is not a whole number from ${min} to ${max}\n${help}`)
  process.exit(2)
}

/** @typedef {Awaited<ReturnType<typeof measureLanguage>>} LanguageRow */

/** @param {string} language @param {string} path */
async function measureLanguage(language, path) {
  const cacheFolder = join(folder, 'cache')
  const builder = createWasmHost({ cacheFolder })
  const loadStartedAt = performance.now()
  const module = await builder.load(path)
  const buildMs = performance.now() - loadStartedAt
  await builder.stop()

  const coldMs = []
  for (let run = 0; run < coldRuns; run++) {
    // A pool of its own: its first call waits for the process, and compiles the module.
    const host = createWasmHost({ cacheFolder, children: 1 })
    const startedAt = performance.now()
    await callOnce(host, module)
    coldMs.push(performance.now() - startedAt)
    await host.stop()
  }

  const host = createWasmHost({ cacheFolder, children: options.children })
  const warmUp = Math.ceil(options.calls / 10)
  await measureCalls(warmUp, options.children, () => callOnce(host, module))
  const one = await measureCalls(options.calls, 1, () => callOnce(host, module))
  const all = await measureCalls(options.calls, options.children, () => callOnce(host, module))
  await host.stop()

  const compiled = new WebAssembly.Module(readFileSync(module.path))
  await measureCalls(warmUp, 1, () => callBare(compiled))
  const bare = await measureCalls(options.calls, 1, () => callBare(compiled))
  return { language, sizeKb: module.sizeBytes / 1024, buildMs, coldMs: percentile(coldMs, 0.5), one, all, bare }
}

/** Calls, so many at a time. @param {number} calls @param {number} atATime @param {() => Promise<void>} call */
async function measureCalls(calls, atATime, call) {
  /** @type {number[]} */
  const tookMs = []
  const startedAt = performance.now()
  let next = 0
  const work = async () => {
    while (next++ < calls) {
      const callStartedAt = performance.now()
      await call()
      tookMs.push(performance.now() - callStartedAt)
    }
  }
  await Promise.all(Array.from({ length: atATime }, work))
  const seconds = (performance.now() - startedAt) / 1_000
  return { perSecond: calls / seconds, p50: percentile(tookMs, 0.5), p99: percentile(tookMs, 0.99) }
}

/** @param {ReturnType<typeof createWasmHost>} host @param {import('../dist/domain/wasm.js').WasmModule} module */
async function callOnce(host, module) {
  const call = { module, export: /** @type {const} */ ('handle'), input: makeInput(), config: {}, timeoutMs: 10_000 }
  check((await host.call(call, new AbortController().signal)).output)
}

/** What an embedder would do without a sandbox of its own: no process, no limits, no deadline. */
async function callBare(/** @type {WebAssembly.Module} */ compiled) {
  // Extism 1.0.3 lacks the one function that scripts import and nobody here calls.
  const functions = { mailtrigger: bareFunctions(), 'extism:host/env': { log_trace: () => undefined } }
  const plugin = await createPlugin({ wasm: [{ module: compiled, name: 'main' }] }, { functions, useWasi: false })
  const output = await plugin.call('handle', JSON.stringify(makeInput()))
  check(JSON.parse(output?.text() ?? 'null'))
  await plugin.close()
}

/** What a script's engine imports, whether it is called or not. */
function bareFunctions() {
  const calls = ['db_query', 'db_exec', 'mail_search', 'mail_get', 'people_get', 'http', 'notify']
  const answered = { now_ms: () => BigInt(Date.now()), random: () => 4n }
  return { ...answered, ...Object.fromEntries(calls.map((name) => [name, () => 0n])) }
}

function makeInput() {
  const owners = JSON.stringify({
    'project-1': ['tim@example.test', 'jolin@example.test'],
    'project-2': 'x@example.test',
  })
  return {
    version: 1,
    action: { name: 'project-owner', config: {} },
    envelope: { from: 'sentry@example.test', to: ['devops@example.test'] },
    recipients: ['devops@example.test'],
    variables: {},
    mail: {
      id: '01',
      date: '2026-01-01T00:00:00.000Z',
      subject: '[Sentry] PROJECT-1-4K - TypeError: price is undefined',
      from: 'sentry@example.test',
      to: ['devops@example.test'],
      cc: [],
      text: 'some text of a mail\n'.repeat(100),
      html: null,
      headers: { subject: ['[Sentry] PROJECT-1-4K - TypeError: price is undefined'] },
    },
    attachments: [
      {
        filename: 'project-owners.json',
        content_type: 'application/json',
        size: 99,
        content: owners,
        truncated: false,
      },
    ],
  }
}

/** A guest that fails fast would look fast. */
function check(/** @type {any} */ output) {
  if (output?.recipients?.length !== 2) throw new Error(`a guest answered ${JSON.stringify(output)}`)
}

/** @param {LanguageRow[]} rows */
function print(rows) {
  console.log(`project-owner on a 2 KB mail: ${options.calls} calls, ${options.children} children`)
  const pair = (/** @type {number | null} */ low, /** @type {number | null} */ high) =>
    low === null || high === null ? '-' : `${low.toFixed(2)} / ${high.toFixed(2)}`
  printTable(
    'Through the pool, ms as median / 99th percentile',
    rows.map(({ language, sizeKb, buildMs, coldMs, one, all }) => ({
      ' ': language,
      'module KB': sizeKb,
      'build ms': buildMs,
      'cold ms': coldMs,
      'warm, one at a time': pair(one.p50, one.p99),
      'calls/s': one.perSecond,
      'all children': pair(all.p50, all.p99),
      'calls/s ': all.perSecond,
    })),
  )
  printTable(
    'Bare, in this process: cached module, fresh instance',
    rows.map(({ language, bare, one, all }) => ({
      ' ': language,
      ms: pair(bare.p50, bare.p99),
      'calls/s': bare.perSecond,
      'pool / bare, one at a time': ratio(one.perSecond, bare.perSecond),
      'pool / bare, all children': ratio(all.perSecond, bare.perSecond),
    })),
  )
}
