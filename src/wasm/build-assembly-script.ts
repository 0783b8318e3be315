import { readFile } from 'node:fs/promises'
import { basename, dirname, relative, resolve, sep } from 'node:path'
import { SandboxError } from '../domain/errors.js'
import type { GuestBuild } from './build-guest.js'

type Compiler = typeof import('assemblyscript/asc')

/** The guest library, which authors import as `mailtrigger/host` and `mailtrigger/json`. */
const library = {
  name: 'mailtrigger',
  files: ['host.ts', 'json.ts'],
  folder: new URL('../../wasm-actions/assemblyscript/', import.meta.url),
}
const sourceBytesMax = 1024 * 1024
const sourcesMax = 200
const diagnosticsMax = 2_000

/**
 * Builds a `.as.ts` file into one plain .wasm. The compiler brings 100 MB of Binaryen, so it is no dependency of the
 * program: it is used where the package `assemblyscript` is installed, and named where it is not.
 *
 * A source imports from its own folder, the folders below it, and `mailtrigger/…`; the compiler is shown nothing else.
 * `alone`: not even those, since what a stranger's source imports are files of this machine.
 * Throws `SandboxError('rejected')` with the author's file and line. The caller bounds the time.
 */
export async function buildAssemblyScript(sourcePath: string, alone: boolean): Promise<GuestBuild> {
  const name = basename(sourcePath)
  const compiler = await loadCompiler(name)
  const sources = createSourceReader(resolve(sourcePath), alone)
  let module: Uint8Array | null = null
  const { error, stderr } = await compiler.main(compilerArguments(name), {
    readFile: (file, base) => (base === library.name ? readLibrary(file) : sources.read(file)),
    writeFile: (_file, content) => {
      if (typeof content !== 'string') module = content
    },
    listFiles: (folder) => (folder === library.name ? library.files.map((file) => `${library.name}/${file}`) : []),
  })
  if (error === null && module !== null) return { module, inputs: sources.paths() }
  const words = stderr.toString().replace(/\s+/g, ' ').trim().slice(0, diagnosticsMax)
  throw new SandboxError('rejected', `compiling ${name}: ${words === '' ? (error?.message ?? 'no module') : words}`)
}

async function loadCompiler(name: string): Promise<Compiler> {
  try {
    return await import('assemblyscript/asc')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    const advice = 'install it with "npm install assemblyscript@0.28.20", or give the .wasm that asc makes of the file'
    throw new SandboxError('rejected', `${name} needs the package assemblyscript, which is not installed: ${advice}`)
  }
}

function compilerArguments(name: string): string[] {
  return [
    name,
    ...['--outFile', 'module.wasm', '--noColors', '--optimizeLevel', '3', '--shrinkLevel', '1'],
    // Without an `abort` of its own the module would import `env` `abort`, which no host of this ABI offers.
    ...['--lib', library.name, '--use', `abort=~lib/${library.name}/host/abort`],
  ]
}

async function readLibrary(file: string): Promise<string | null> {
  const known = library.files.find((candidate) => file === `${library.name}/${candidate}`)
  return known === undefined ? null : readFile(new URL(known, library.folder), 'utf8')
}

/** Reads scripts of the author's folder. Null says there is none, which is how the compiler looks around for files. */
function createSourceReader(sourcePath: string, alone: boolean) {
  const folder = dirname(sourcePath)
  const paths = new Set<string>()
  async function read(file: string): Promise<string | null> {
    const path = resolve(folder, file)
    const place = relative(folder, path)
    const isOutside = place === '..' || place.startsWith(`..${sep}`) || (alone && path !== sourcePath)
    if (isOutside || !path.endsWith('.ts') || paths.size >= sourcesMax) return null
    try {
      const text = await readFile(path, 'utf8')
      if (text.length > sourceBytesMax) return null
      paths.add(path)
      return text
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null
      throw error
    }
  }
  return { read, paths: () => [...paths] }
}
