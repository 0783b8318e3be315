/** How much room there is on the disk of the data folder. */
export interface DiskRoom {
  /** Null while it could not be found out. */
  freeBytes: number | null
  freeBytesMin: number
  /** No mail is taken in. It ends somewhat above `freeBytesMin`, so that it does not begin and end all the time. */
  isNearlyFull: boolean
}
