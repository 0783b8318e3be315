/**
 * A channel that people made while the server runs, as it is kept: no file has it. A file's channel of the same name
 * stands before it.
 */
export interface StoredChannel {
  name: string
  kind: string
  /** What a person entered, as a file would have it (limits and template included), without the secrets. */
  settings: Record<string, unknown>
  /** The secrets, by the dotted names of `ChannelKind.secrets`, sealed under the key that `keyId` names; null without any. */
  sealed: SealedText | null
  createdAt: number
  changedAt: number
  changedBy: string
}

/** A text that only the holder of a key can read, and nobody can change (AES-256-GCM). */
export interface SealedText {
  /** First hex digits of a digest of the key: says which key opens it, and nothing of the key. */
  keyId: string
  /** Base64url of nonce, ciphertext and tag. */
  data: string
}
