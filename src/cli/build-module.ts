import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { WasmHost, WasmModule } from '../domain/wasm.js'
import { createWasmHost, type WasmHostOptions } from '../wasm/host.js'
import { CliExit, exitCodes } from './cli.js'
import { loadFile } from './uploaded-actions.js'

export interface BuiltModule {
  filename: string
  bytes: Uint8Array<ArrayBuffer>
  /** What the checks made of it. */
  module: WasmModule
}

const scriptEnding = /\.[cm]?[jt]s$/

/** A sandbox of this command's own, with nothing left behind. */
export async function withSandbox<Result>(
  work: (host: WasmHost) => Promise<Result>,
  options: Omit<WasmHostOptions, 'cacheFolder'> = {},
): Promise<Result> {
  const cacheFolder = mkdtempSync(join(tmpdir(), 'mailtrigger-'))
  const host = createWasmHost({ ...options, cacheFolder })
  try {
    return await work(host)
  } finally {
    await host.stop()
    rmSync(cacheFolder, { recursive: true, force: true })
  }
}

/**
 * The module of a file, as bytes any host of the ABI runs. A script is built here, on the machine that has the files it
 * imports. It is loaded in the sandbox first: its top-level code may loop, and only there can that be ended.
 */
export async function buildModule(path: string): Promise<BuiltModule> {
  if (!existsSync(path)) throw new CliExit(exitCodes.notFound, `there is no file ${path}`)
  const module = await withSandbox((host) => loadFile(host, path))
  if (!scriptEnding.test(path)) {
    return { filename: basename(path), bytes: new Uint8Array(readFileSync(path)), module }
  }
  return { filename: `${nameOfFile(path)}.wasm`, bytes: new Uint8Array(await buildSource(path)), module }
}

async function buildSource(path: string): Promise<Uint8Array> {
  if (path.endsWith('.as.ts')) {
    const { buildAssemblyScript } = await import('../wasm/build-assembly-script.js')
    return (await buildAssemblyScript(path, false)).module
  }
  const { buildGuest } = await import('../wasm/build-guest.js')
  return buildGuest(path, { engine: readFileSync(new URL('../wasm/engine.wasm', import.meta.url)) })
}

/** `wasm-actions/pager.ts` is the action `pager`. */
export function nameOfFile(path: string): string {
  return basename(path).replace(/(?:\.as)?\.(?:wasm|[cm]?[jt]s)$/, '')
}
