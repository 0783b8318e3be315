/** What the doctor says about one thing. */
export interface Finding {
  /** Which thing: `folder`, `disk`, `certificate`, `names`, `dns`, `database`, `clock`, `queue`, `config`, `channels`. */
  check: string
  /** `unknown`: nobody has looked yet. */
  state: 'ok' | 'warn' | 'bad' | 'unknown'
  /** What is the case, in a sentence. Never a secret. */
  text: string
  /** What to do about it; null when there is nothing to do. */
  hint: string | null
  /** The doctor can mend it by itself. */
  fixable: boolean
}

export function ok(check: string, text: string): Finding {
  return { check, state: 'ok', text, hint: null, fixable: false }
}
