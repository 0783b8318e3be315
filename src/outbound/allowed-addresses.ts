import type { LookupAddress } from 'node:dns'
import { OutboundError } from '../domain/errors.js'
import type { CheckAddress } from './network-policy.js'

/** `dns.lookup` asked for every address of a name. */
export type Lookup = (
  host: string,
  options: { all: true; family?: number; hints?: number },
  callback: (error: Error | null, found: LookupAddress[]) => void,
) => void

/** Leaves out what the policy denies; when nothing is left, gives the error that says why. */
export function keepAllowed(
  check: CheckAddress,
  host: string,
  found: LookupAddress[],
): LookupAddress[] | OutboundError {
  const allowed = found.filter(({ address }) => check(host, address) === null)
  if (allowed.length > 0) return allowed
  const address = found[0]?.address ?? ''
  return policyError(host, address, check(host, address) ?? 'has no address')
}

export function policyError(host: string, address: string, reason: string): OutboundError {
  const subject = host === address ? address : `${host} (${address})`
  return new OutboundError('policy', 'before', `${subject} ${reason}`)
}
