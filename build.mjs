// What tsc does not do: the command's executable bit, SQLite, the engine of script guests, and the actions that ship.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

chmodSync(at('./dist/main.js'), 0o755)
copyStyles()
await compileSqliteWhenMissing()
await buildEngineWhenOutdated()
await buildActions()

function copyStyles() {
  const from = at('./src/http/console/styles')
  cpSync(from, at('./dist/http/console/styles'), { recursive: true })
}

/**
 * Not left to npm, see `allowScripts`: it would compile both releases, where only one is used and most often comes
 * ready-made, and would try to download them from elsewhere first.
 */
async function compileSqliteWhenMissing() {
  const { nameBinding, openSqlite } = await import('./dist/store/sqlite/binding.js')
  const folder = at(`./node_modules/${nameBinding()}`)
  try {
    return openSqlite(':memory:').close()
  } catch (error) {
    if (!existsSync(folder)) throw error
  }
  console.log('Compiling SQLite for this Node, which takes a minute or two.')
  const options = { cwd: folder, shell: true, encoding: 'utf8', maxBuffer: 2 ** 24 }
  const { status, stderr } = spawnSync('npm run --loglevel=error build-release', options)
  if (status !== 0) throw new Error(`SQLite cannot be compiled, which takes python3, make and g++:\n${stderr}`)
  openSqlite(':memory:').close()
}

async function buildEngineWhenOutdated() {
  const target = at('./dist/wasm/engine.wasm')
  const sources = ['./src/wasm/engine/glue.wat', './src/wasm/engine/wasi.wat', './src/wasm/engine/build-engine.ts']
  const packages = ['quickjs-wasi', 'binaryen', 'wabt'].map((name) => `./node_modules/${name}/package.json`)
  if ([...sources, ...packages].every((source) => isNewer(target, at(source)))) return
  const { buildEngine } = await import('./dist/wasm/engine/build-engine.js')
  await buildEngine(at('./src/wasm/engine'), target)
}

async function buildActions() {
  const { buildGuest } = await import('./dist/wasm/build-guest.js')
  const engine = readFileSync(at('./dist/wasm/engine.wasm'))
  mkdirSync(at('./dist/wasm-actions'), { recursive: true })
  for (const file of readdirSync(at('./wasm-actions'))) {
    if (!file.endsWith('.ts') || file.endsWith('.d.ts')) continue
    const target = join(at('./dist/wasm-actions'), `${basename(file, '.ts')}.wasm`)
    writeFileSync(target, await buildGuest(join(at('./wasm-actions'), file), { engine }))
  }
}

function isNewer(target, source) {
  const targetStat = statSync(target, { throwIfNoEntry: false })
  return targetStat !== undefined && targetStat.mtimeMs >= statSync(source).mtimeMs
}
