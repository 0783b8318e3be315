import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of its own with so many bytes, in memory. */
export interface SmallDisk {
  folder: string
  /** Leaves no more than so many bytes free. */
  fill: (freeBytes: number) => void
  /** Takes away what filled it. */
  clear: () => void
  remove: () => void
}

/** Root may mount one, in most containers too. */
export function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-mount-'))
  try {
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status !== 0) return false
    spawnSync('umount', [folder])
    return true
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function mountSmallDisk(sizeBytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-disk-'))
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', folder])
  if (status !== 0) throw new Error(`mount: ${stderr}`)
  const ballast = join(folder, 'ballast')
  mkdirSync(ballast)
  const clear = (): void => rmSync(join(ballast, 'file'), { force: true })
  return {
    folder,
    fill(freeBytes) {
      clear()
      const { bavail, bsize } = statfsSync(folder)
      try {
        writeFileSync(join(ballast, 'file'), Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)))
      } catch (error) {
        // Somebody else wrote meanwhile: it is as full as can be.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    },
    clear,
    remove() {
      spawnSync('umount', [folder])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
