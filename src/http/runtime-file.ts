import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StoreError } from '../domain/errors.js'

export interface RuntimeFile {
  token: string
  write: (facts: Record<string, unknown>) => void
  remove: () => void
}

/** How commands on the same machine find the server: its address and token, readable by the owner alone. */
export function openRuntimeFile(dataFolder: string): RuntimeFile {
  const tokenFile = join(dataFolder, 'token')
  const runtimeFile = join(dataFolder, 'runtime.json')
  const token = readToken(tokenFile) ?? createToken(tokenFile)
  return {
    token,
    write: (facts) =>
      writePrivately(runtimeFile, `${JSON.stringify({ pid: process.pid, token, ...facts }, null, 2)}\n`),
    remove: () => rmSync(runtimeFile, { force: true }),
  }
}

function readToken(file: string): string | null {
  try {
    const token = readFileSync(file, 'utf8').trim()
    return token.length >= 32 ? token : null
  } catch {
    return null
  }
}

/** Makes a new token, 256 random bits, and writes it where the server and the commands look for it. */
export function createToken(file: string): string {
  const token = randomBytes(32).toString('base64url')
  writePrivately(file, `${token}\n`)
  return token
}

function writePrivately(file: string, text: string): void {
  const draft = `${file}.${process.pid}.new`
  try {
    writeFileSync(draft, text, { mode: 0o600 })
    chmodSync(draft, 0o600)
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    const reason = error instanceof Error ? error.message : String(error)
    throw new StoreError(`cannot write ${file}: ${reason}; make room on the disk, or see who owns the folder`, {
      cause: error,
    })
  }
}
