import { foldAddress } from '../domain/fold-address.js'

/** A mail address with `*` standing for any characters, compiled. Everything else, also `+`, stands for itself. */
export interface AddressGlob {
  /** The address when there is no `*`. */
  exact: string | null
  /** `example.com` for `*@example.com`. */
  domain: string | null
  matches: (address: string) => boolean
}

/**
 * Compiles one glob. Each piece between two stars is looked for once, leftmost, which is enough for `*` and needs no
 * backtracking.
 */
export function compileAddressGlob(glob: string): AddressGlob {
  const pieces = foldAddress(glob.trim()).split(/\*+/)
  const [first = '', ...rest] = pieces
  const last = rest.pop()
  if (last === undefined) return { exact: first, domain: null, matches: (address) => foldAddress(address) === first }
  const domain = first === '' && rest.length === 0 && /^@[^@]+$/.test(last) ? last.slice(1) : null
  return { exact: null, domain, matches: (address) => matchesPieces(foldAddress(address), first, rest, last) }
}

function matchesPieces(address: string, first: string, middle: string[], last: string): boolean {
  if (!address.startsWith(first)) return false
  let from = first.length
  for (const piece of middle) {
    const at = address.indexOf(piece, from)
    if (at === -1) return false
    from = at + piece.length
  }
  return address.length - last.length >= from && address.endsWith(last)
}
