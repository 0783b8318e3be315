/**
 * What people entered of a person while the server runs. What a file says of the person stands before it, address by
 * address.
 */
export interface StoredPerson {
  /** The mail address that names the person, lower case. */
  address: string
  name: string | null
  /** Mail address of the manager, lower case. */
  manager: string | null
  /** By channel. */
  channels: Record<string, StoredAddress>
  changedAt: number
  changedBy: string
}

export interface StoredAddress {
  address: string
  /** `link`: the person themself proved to own it. */
  by: 'entry' | 'link'
  at: number
}

/** A one-time code by which a person links an address of theirs. Kept as a digest: whoever reads the store cannot use it. */
export interface LinkCode {
  /** SHA-256 of the code, in hex. */
  digest: string
  person: string
  channel: string
  createdBy: string
  expiresAt: number
}
