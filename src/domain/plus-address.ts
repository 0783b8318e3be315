/** An address with what its `+` says taken apart (sub-addressing, RFC 5233): `devops+db@x` is `devops@x` with `db`. */
export interface PlusAddress {
  /** The address without the key; the address itself where there is no `+`. */
  plain: string
  /** As it was written; null where there is none. An empty key (`devops+@x`) is none, and yet plain is `devops@x`. */
  key: string | null
}

/**
 * Splits at the first `+` of the local part, so that keys may have a `+` of their own. A name without `@` is all local
 * part. What begins with `+`, is quoted, or has a second `@` has no key: it is no plain address of anybody.
 */
export function splitPlus(address: string): PlusAddress {
  const at = address.lastIndexOf('@')
  const local = at < 0 ? address : address.slice(0, at)
  const plus = local.indexOf('+')
  if (plus <= 0 || /^"|@/.test(local)) return { plain: address, key: null }
  return { plain: local.slice(0, plus) + address.slice(local.length), key: local.slice(plus + 1) || null }
}

/** The keys of several addresses, in their order, each once. */
export function readPlusKeys(addresses: readonly string[]): string[] {
  return [...new Set(addresses.flatMap((address) => splitPlus(address).key ?? []))]
}

/** The addresses, and behind them the plain ones of those that have a `+`: what a rule may name them by. */
export function withPlainAddresses(addresses: readonly string[]): string[] {
  return [...new Set([...addresses, ...addresses.map((address) => splitPlus(address).plain)])]
}
