/** One version of an uploaded action or condition module. The versions of a name are told apart by their SHA-256. */
export interface ModuleVersion {
  name: string
  sha256: string
  /** As it was uploaded: `pager.ts`. */
  filename: string
  size_bytes: number
  kinds: ('action' | 'condition' | 'job')[]
  /** ISO time. */
  uploaded_at: string
  /** The version that runs. */
  active: boolean
}
