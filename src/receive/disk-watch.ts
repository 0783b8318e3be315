import { statfs } from 'node:fs/promises'
import type { DiskRoom } from '../domain/disk-room.js'

export interface DiskWatch {
  /** As it was at most a second or so ago; never waits for the disk. */
  read: () => DiskRoom
  stop: () => void
}

export interface DiskWatchOptions {
  folder: string
  /** Asked at every look: the config may change. 0 never refuses anything. */
  freeBytesMin: () => number
  /** When it becomes nearly full, and when there is room again. */
  onChange: (room: DiskRoom) => void
  /** The disk could not be asked; told once, until it answers again. */
  onProblem: (error: string) => void
  everyMs?: number
}

const everyMsDefault = 1_000
/** How much more than the floor has to be free for mails to be taken in again. */
const recovery = 1.05

/**
 * Looks at the free space of the folder's disk, at most one look at a time: a disk that hangs holds up the next look and
 * nobody else, and what was known last stands meanwhile. Resolves after the first look.
 */
export async function watchDisk(options: DiskWatchOptions): Promise<DiskWatch> {
  const { folder, freeBytesMin, everyMs = everyMsDefault } = options
  let room: DiskRoom = { freeBytes: null, freeBytesMin: freeBytesMin(), isNearlyFull: false }
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let isSilent = false

  const look = async (): Promise<void> => {
    try {
      const { bavail, bsize } = await statfs(folder)
      isSilent = false
      const before = room
      room = judge(bavail * bsize, freeBytesMin(), before)
      if (!isStopped && room.isNearlyFull !== before.isNearlyFull) options.onChange(room)
    } catch (error) {
      if (!isSilent) options.onProblem(error instanceof Error ? error.message : String(error))
      isSilent = true
    }
    if (isStopped) return
    timer = setTimeout(() => void look(), everyMs)
    timer.unref()
  }
  await look()
  return {
    read: () => room,
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

function judge(freeBytes: number, freeBytesMin: number, before: DiskRoom): DiskRoom {
  const neededBytes = before.isNearlyFull ? freeBytesMin * recovery : freeBytesMin
  return { freeBytes, freeBytesMin, isNearlyFull: freeBytes < neededBytes }
}
