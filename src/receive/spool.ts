import { randomUUID } from 'node:crypto'
import { chmod, type FileHandle, mkdir, open, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Files in which large mails wait while they are received. None of them counts as stored. */
export interface Spool {
  /** A new empty file that only we can read. Rejects with what the system says: the disk is full, too many are open. */
  open: () => Promise<SpoolFile>
}

export interface SpoolFile {
  /** Writes all of it behind what is there. */
  append: (bytes: Uint8Array) => Promise<void>
  /** Reads all that was appended into a buffer of its own. */
  readAll: () => Promise<Uint8Array<ArrayBuffer>>
  /** Closes and deletes the file, once; never rejects. What cannot be deleted now is at the next start. */
  remove: () => Promise<void>
}

const readBytes = 1024 * 1024

/**
 * Opens the folder and empties it: what lies there was never acknowledged, and its senders still have it. Nobody else
 * may use the folder, which the lock of the data folder sees to.
 */
export async function openSpool(folder: string, onProblem: (problem: string) => void): Promise<Spool> {
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o700)
  for (const name of await readdir(folder)) await unlink(join(folder, name))
  return {
    async open() {
      const path = join(folder, `${randomUUID()}.part`)
      return describeFile(path, await open(path, 'wx+', 0o600), onProblem)
    },
  }
}

function describeFile(path: string, file: FileHandle, onProblem: (problem: string) => void): SpoolFile {
  let sizeBytes = 0
  let removing: Promise<void> | null = null
  const remove = async (): Promise<void> => {
    const tell = (error: unknown): void => onProblem(error instanceof Error ? error.message : String(error))
    await file.close().catch(tell)
    await unlink(path).catch(tell)
  }
  return {
    async append(bytes) {
      for (let from = 0; from < bytes.byteLength; ) {
        const { bytesWritten } = await file.write(bytes, from, bytes.byteLength - from, sizeBytes)
        from += bytesWritten
        sizeBytes += bytesWritten
      }
    },
    async readAll() {
      const bytes = new Uint8Array(sizeBytes)
      for (let at = 0; at < sizeBytes; ) {
        const { bytesRead } = await file.read(bytes, at, Math.min(readBytes, sizeBytes - at), at)
        if (bytesRead === 0) throw new Error(`a spooled mail ends after ${at} of ${sizeBytes} bytes`)
        at += bytesRead
      }
      return bytes
    },
    remove() {
      removing ??= remove()
      return removing
    },
  }
}
