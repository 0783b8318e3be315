import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildGuest } from '#src/wasm/build-guest.js'

/** A folder for one test file's guests and data, and how to get rid of it. */
export function makeFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-jobs-'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** A job whose `run` has this body, as TypeScript; the path of the source. */
export function writeGuest(folder: string, name: string, body: string): string {
  const path = join(folder, `${name}.ts`)
  writeFileSync(path, `declare const mailtrigger: any\nexport function run(input: any) {\n${body}\n}\n`)
  return path
}

/** The same, built; its bytes. */
export async function buildJob(folder: string, name: string, body: string): Promise<Uint8Array> {
  const engine = await readFile('dist/wasm/engine.wasm')
  return buildGuest(writeGuest(folder, name, body), { engine })
}
