/** What of mailauth has no types of its own: the verifier behind its `dkimVerify`, which has to be bounded. */
declare module 'mailauth/lib/dkim/dkim-verifier.js' {
  import type { Writable } from 'node:stream'

  export interface ParsedHeaders {
    /** In the order of the mail; `key` in lower case, null for a line without a colon. */
    parsed: { key: string | null; line: Uint8Array }[]
  }

  export interface SignatureResult {
    signingDomain?: string
    selector?: string
    algo?: string
    /** `keys` are the names of the signed headers that the mail has, with ": " between them. */
    signingHeaders?: { keys: string }
    status: {
      result: string
      comment?: string
      /** Bytes of the body that the signature leaves out. */
      underSized?: number
    }
  }

  export class DkimVerifier extends Writable {
    constructor(options: {
      resolver: (name: string, type: string) => Promise<unknown>
      sender?: string
      minBitLength?: number
    })
    headers: ParsedHeaders | false
    headerFrom: string[]
    results: SignatureResult[]
    messageHeaders(headers: ParsedHeaders): Promise<void>
  }
}
