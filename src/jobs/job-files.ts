import { createHash, randomUUID } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SandboxError } from '../domain/errors.js'
import type { JobSandbox } from './sandbox.js'

/** Where a job keeps what is its own, in `data/jobs`. No part of a path comes from a name as it was given. */
export interface JobFiles {
  databasePath: (job: string) => string
  databaseBytes: (job: string) => Promise<number>
  hasDatabase: (job: string) => Promise<boolean>
  /** Copies the first contents, when the job has no database yet. Rejects with `SandboxError('rejected')`. */
  ensureDatabase: (job: string, firstContents: string | null) => Promise<void>
  /** Takes over a database after checking it, and keeps what it replaces as a backup. */
  replaceDatabase: (job: string, bytes: Uint8Array) => Promise<void>
  exportDatabase: (job: string) => Promise<Uint8Array>
  /** Writes an uploaded module where it can be loaded from; its absolute path. */
  writeModule: (job: string, filename: string, bytes: Uint8Array) => Promise<string>
  deleteAll: (job: string) => Promise<void>
}

const backupsKept = 5

export function openJobFiles(folder: string, sandbox: JobSandbox, now: () => number): JobFiles {
  const pathOf = (job: string, ending: string): string => join(folder, `${fileName(job)}.${ending}`)
  const databasePath = (job: string): string => pathOf(job, 'sqlite3')
  const temporary = (): string => join(folder, `.${randomUUID()}.part`)

  /** Checks a file of ours and renames it into place, so that nobody ever opens half a database. */
  async function install(job: string, unchecked: string): Promise<void> {
    try {
      await sandbox.check(unchecked)
      await keepBackup(job)
      await rename(unchecked, databasePath(job))
    } finally {
      await removeDatabase(unchecked)
    }
  }

  async function keepBackup(job: string): Promise<void> {
    const current = databasePath(job)
    if ((await sizeOf(current)) === null) return
    const stamp = new Date(now()).toISOString().replace(/[:.]/g, '')
    const backup = pathOf(job, `backup-${stamp}.sqlite3`)
    try {
      await sandbox.copy(current, backup)
    } catch (error) {
      // What is too broken to be copied by SQLite is kept as it is.
      if (!(error instanceof SandboxError)) throw error
      await rm(backup, { force: true })
      await copyFile(current, backup)
    }
    // The log belongs to the database that goes; beside another one it would corrupt it.
    for (const ending of ['-wal', '-shm']) await rm(`${current}${ending}`, { force: true })
    const backups = (await readdir(folder)).filter((name) => name.startsWith(`${fileName(job)}.backup-`)).sort()
    for (const name of backups.slice(0, -backupsKept)) await rm(join(folder, name), { force: true })
  }

  return {
    databasePath,
    databaseBytes: async (job) => (await sizeOf(databasePath(job))) ?? 0,
    hasDatabase: async (job) => (await sizeOf(databasePath(job))) !== null,
    async ensureDatabase(job, firstContents) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      if (firstContents === null || (await sizeOf(databasePath(job))) !== null) return
      const part = temporary()
      try {
        await copyFile(firstContents, part)
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error)
        throw new SandboxError('rejected', `the first contents of the database cannot be read: ${words}`)
      }
      await install(job, part)
    },
    async replaceDatabase(job, bytes) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const part = temporary()
      await writeFile(part, bytes, { mode: 0o600 })
      await install(job, part)
    },
    async exportDatabase(job) {
      const part = temporary()
      try {
        await sandbox.copy(databasePath(job), part)
        return await readFile(part)
      } finally {
        await removeDatabase(part)
      }
    },
    async writeModule(job, filename, bytes) {
      const modules = join(folder, 'modules')
      await mkdir(modules, { recursive: true, mode: 0o700 })
      const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16)
      const path = join(modules, `${fileName(job)}.${digest}${endingOf(filename)}`)
      if ((await sizeOf(path)) === bytes.byteLength) return path
      const part = `${path}.${randomUUID()}.part`
      await writeFile(part, bytes, { mode: 0o600 })
      await rename(part, path)
      return path
    },
    async deleteAll(job) {
      const start = `${fileName(job)}.`
      for (const place of [folder, join(folder, 'modules')]) {
        const names = await readdir(place).catch(() => [])
        for (const name of names) if (name.startsWith(start)) await rm(join(place, name), { force: true })
      }
    },
  }
}

/** A name as part of a file name: plain names as they are, all others told apart by a digest. No name has a dot. */
function fileName(job: string): string {
  if (/^[a-z0-9-]{1,64}$/.test(job)) return job
  const digest = createHash('sha256').update(job).digest('hex').slice(0, 12)
  return `${job
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)}_${digest}`
}

/** `.wasm`, `.ts`, `.js`, or `.as.ts`: it says what the module is. */
function endingOf(filename: string): string {
  return /\.(?:wasm|js|(?:as\.)?ts)$/.exec(filename)?.[0] ?? ''
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function removeDatabase(path: string): Promise<void> {
  for (const ending of ['', '-wal', '-shm', '-journal']) await rm(`${path}${ending}`, { force: true })
}
