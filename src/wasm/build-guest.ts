import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { type BuildFailure, build, type Message, type Plugin, transform } from 'esbuild'
import { SandboxError } from '../domain/errors.js'
import { bundleName, readGuestError } from './guest-error.js'
import { guestExports, sourceMapSection } from './host-interface.js'
import { appendSection, ScriptError, takeSnapshot } from './snapshot.js'
import type { SourceMap } from './source-map.js'

export interface GuestBuild {
  module: Uint8Array
  /** The absolute paths of the files it was made of. */
  inputs: string[]
}

/**
 * Builds an action, condition or job written in TypeScript or JavaScript into one plain .wasm that any host of this ABI
 * runs: bundled by esbuild, loaded into the script engine (`dist/wasm/engine.wasm`), and frozen there.
 *
 * The author's top-level code runs here, inside the engine: it can do no harm, but it can take for ever. So the gateway
 * builds in a child process with a deadline (`prepare-child.ts`).
 * Throws `SandboxError('rejected')` with the author's file and line.
 */
export async function buildGuest(sourcePath: string, parts: { engine: Uint8Array }): Promise<Uint8Array> {
  return (await buildGuestWithInputs(sourcePath, { ...parts, alone: false })).module
}

/**
 * Like `buildGuest`, and says which files were read, so that a cache can tell when to build again.
 * `alone`: the source may import nothing, since what a stranger's source imports are files of this machine.
 */
export async function buildGuestWithInputs(
  sourcePath: string,
  parts: { engine: Uint8Array; alone: boolean },
): Promise<GuestBuild> {
  const bundle = await bundleGuest(resolve(sourcePath), parts.alone)
  const scripts = [
    { name: 'prelude.js', code: await loadPrelude() },
    { name: bundleName, code: bundle.code },
  ]
  try {
    const snapshot = takeSnapshot(parts.engine, scripts)
    if (snapshot.exports.length === 0) {
      throw new SandboxError(
        'rejected',
        `${basename(sourcePath)} exports none of the functions ${Object.keys(guestExports).join(', ')}`,
      )
    }
    return {
      module: appendSection(snapshot.module, sourceMapSection, JSON.stringify(bundle.map)),
      inputs: bundle.inputs,
    }
  } catch (error) {
    if (error instanceof SandboxError) throw error
    const words = error instanceof ScriptError ? error.message : `the engine stopped: ${String(error)}`
    throw new SandboxError('rejected', `loading ${basename(sourcePath)}: ${readGuestError(words, bundle.map).message}`)
  }
}

async function bundleGuest(
  sourcePath: string,
  alone: boolean,
): Promise<{ code: string; map: SourceMap; inputs: string[] }> {
  const folder = dirname(sourcePath)
  try {
    const result = await build({
      entryPoints: [sourcePath],
      absWorkingDir: folder,
      outfile: bundleName,
      write: false,
      bundle: true,
      format: 'iife',
      globalName: '__guest',
      banner: { js: 'try {' },
      footer: { js: 'globalThis.__guest = __guest; __serve() } catch (error) { __fail(error) }' },
      platform: 'neutral',
      mainFields: ['module', 'main'],
      target: 'es2023',
      charset: 'utf8',
      keepNames: true,
      sourcemap: 'external',
      sourcesContent: false,
      metafile: true,
      // An author's tsconfig is for the editor; what a module does must not depend on it.
      tsconfigRaw: '{}',
      plugins: alone ? [refuseImports] : [],
      logLevel: 'silent',
    })
    const textOf = (ending: string) => result.outputFiles.find((file) => file.path.endsWith(ending))?.text ?? ''
    const { sources, mappings } = JSON.parse(textOf('.map')) as SourceMap
    return {
      code: textOf('.js'),
      map: { sources, mappings },
      inputs: Object.keys(result.metafile.inputs).map((input) => resolve(folder, input)),
    }
  } catch (error) {
    if (!isBuildFailure(error)) throw error
    throw new SandboxError('rejected', error.errors.slice(0, 5).map(describeMessage).join('; '))
  }
}

const refuseImports: Plugin = {
  name: 'refuse-imports',
  setup(bundler) {
    bundler.onResolve({ filter: /.*/ }, ({ kind, path }) => {
      if (kind === 'entry-point') return null
      return { errors: [{ text: `imports "${path}", and an uploaded source is one file; build it to .wasm first` }] }
    })
  },
}

/** tsc writes the prelude as a module; the engine evaluates scripts. */
async function loadPrelude(): Promise<string> {
  const text = await readFile(new URL('./engine/prelude.js', import.meta.url), 'utf8')
  return (await transform(text, { format: 'iife', target: 'es2023' })).code
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && Array.isArray((error as BuildFailure).errors)
}

function describeMessage(message: Message): string {
  const place = message.location
  return place ? `${place.file}:${place.line}:${place.column + 1} ${message.text}` : message.text
}
