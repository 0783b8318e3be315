import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What a Node.js 20 engine understands. Binaryen's `--all-features` emits encodings that it rejects. */
const features = [
  '--mvp-features',
  '--enable-bulk-memory',
  '--enable-bulk-memory-opt',
  '--enable-mutable-globals',
  '--enable-sign-ext',
  '--enable-nontrapping-float-to-int',
  '--enable-multivalue',
  '--enable-reference-types',
  '--enable-call-indirect-overlong',
]
const keptExports = [
  'handle',
  'match',
  'run',
  'memory',
  '__stack_pointer',
  'build_init',
  'build_malloc',
  'build_evaluate',
]
const toolTimeoutMs = 300_000

/**
 * Makes the engine of script guests: QuickJS (npm: quickjs-wasi) merged with our glue into one module that imports only
 * `extism:host/env` and `mailtrigger`. Runs when the project is built, from development dependencies.
 * `sourceFolder` holds glue.wat and wasi.wat; the engine is written to `target`.
 */
export async function buildEngine(sourceFolder: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  const folder = await mkdtemp(join(dirname(target), 'engine-'))
  try {
    const require = createRequire(import.meta.url)
    const quickjs = require.resolve('quickjs-wasi/quickjs.wasm')
    const binaryen = join(dirname(require.resolve('binaryen')), 'bin')
    const wabt = join(dirname(require.resolve('wabt')), 'bin')
    const inFolder = (name: string) => join(folder, name)

    for (const name of ['glue', 'wasi']) {
      await runTool(join(wabt, 'wat2wasm'), [join(sourceFolder, `${name}.wat`), '-o', inFolder(`${name}.wasm`)])
    }
    await runTool(join(binaryen, 'wasm-merge'), [
      ...[quickjs, 'quickjs'],
      ...[inFolder('glue.wasm'), 'env'],
      ...[inFolder('wasi.wasm'), 'wasi_snapshot_preview1'],
      ...['-o', inFolder('merged.wasm'), ...features],
    ])
    await writeFile(inFolder('graph.json'), JSON.stringify(exportGraph()))
    await runTool(join(binaryen, 'wasm-metadce'), [
      ...[inFolder('merged.wasm'), '--graph-file', inFolder('graph.json')],
      ...['-O2', '-o', inFolder('engine.wasm'), ...features],
    ])
    assertNoForeignImports(await readFile(inFolder('engine.wasm')))
    await rename(inFolder('engine.wasm'), target)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runTool(script: string, args: string[]): Promise<void> {
  await run(process.execPath, [script, ...args], { timeout: toolTimeoutMs, maxBuffer: 64 * 1024 * 1024 })
}

/** Tells wasm-metadce which exports to keep; everything they do not reach is dropped. */
function exportGraph(): object[] {
  return [{ name: 'root', root: true, reaches: keptExports }, ...keptExports.map((name) => ({ name, export: name }))]
}

function assertNoForeignImports(engine: Uint8Array<ArrayBuffer>): void {
  for (const { module, name } of WebAssembly.Module.imports(new WebAssembly.Module(engine))) {
    if (module !== 'extism:host/env' && module !== 'mailtrigger') {
      throw new Error(`the engine still imports "${module}" "${name}"`)
    }
  }
}
