import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { SandboxError } from '../domain/errors.js'
import { buildAssemblyScript } from './build-assembly-script.js'
import { buildGuestWithInputs } from './build-guest.js'
import { hardenModule } from './harden.js'
import type { Prepared, PrepareRequest } from './messages.js'

const cachedModulesMax = 200

/**
 * Turns a module or source file into a hardened module in the cache folder, named by the SHA-256 of what was given
 * (for sources: of the module built from them). Throws `SandboxError('rejected')`.
 */
export async function prepareModule(request: PrepareRequest): Promise<Prepared> {
  const { module, inputs } = await readOrBuild(request)
  const { bytes, kinds } = hardenModule(module, request.limits)
  const sha256 = createHash('sha256').update(module).digest('hex')
  const path = join(request.cacheFolder, `${sha256}.wasm`)
  await mkdir(request.cacheFolder, { recursive: true })
  // Renamed into place, so that nobody ever loads half a module.
  const unfinished = `${path}.${randomUUID()}`
  await writeFile(unfinished, bytes)
  await rename(unfinished, path)
  await dropOldest(request.cacheFolder)
  return { sha256, path, sizeBytes: module.length, kinds, inputs }
}

async function readOrBuild(request: PrepareRequest): Promise<{ module: Uint8Array; inputs: string[] }> {
  const { path, alone } = request
  const bytesMax = request.limits.moduleBytesMax
  const name = basename(path)
  if (name.endsWith('.as.ts')) return buildAssemblyScript(path, alone)
  if (/\.[cm]?[jt]s$/.test(name)) {
    const engine = await readFile(new URL('./engine.wasm', import.meta.url))
    return buildGuestWithInputs(path, { engine, alone })
  }
  if (!name.endsWith('.wasm')) {
    throw new SandboxError('rejected', `${name}: a module is a .wasm, .ts, .js or .as.ts file`)
  }
  const { size } = await stat(path)
  if (size > bytesMax) {
    throw new SandboxError('rejected', `the module has ${size} bytes, at most ${bytesMax} are allowed`)
  }
  return { module: await readFile(path), inputs: [path] }
}

/** Every edit of a source leaves a module behind. One that is dropped while in use is made again by the next `load`. */
async function dropOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.includes('.wasm'))
  if (names.length <= cachedModulesMax) return
  const aged = await Promise.all(
    names.map(async (name) => ({ name, modifiedAt: (await stat(join(folder, name))).mtimeMs })),
  )
  aged.sort((one, other) => one.modifiedAt - other.modifiedAt)
  for (const { name } of aged.slice(0, aged.length - cachedModulesMax)) await rm(join(folder, name), { force: true })
}
