import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openServerKeys, type ServerKeys } from '#src/engine/server-key.js'

/** The keys of a server that was set up with these secrets. */
export function makeKeys(secret = 'the first secret of this server!', previous?: string): ServerKeys {
  const env = { MAILTRIGGER_SECRET_KEY: secret, MAILTRIGGER_SECRET_KEY_PREVIOUS: previous }
  return openServerKeys('/nowhere', env)
}

/** Keys that a file has, which can be rotated. */
export function makeFileKeys(): { keys: ServerKeys; folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-key-'))
  return { keys: openServerKeys(folder, {}), folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
