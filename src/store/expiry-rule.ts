/** What retention lets go; null keeps. */
export interface ExpiryRule {
  mailsBefore: number | null
  deliveriesBefore: number | null
  sizeBytesMax: number | null
  limit: number
}
