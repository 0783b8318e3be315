import type { LookupAddress } from 'node:dns'
import type { HostAddress } from '../domain/channel.js'
import { OutboundError } from '../domain/errors.js'
import { keepAllowed, type Lookup } from './allowed-addresses.js'
import { toOutboundError } from './failures.js'
import type { CheckAddress } from './network-policy.js'

/**
 * Resolves a host once and gives those of its addresses that the policy allows, in the order to try them. Who connects
 * to one of these, and not to the name, is safe from a name that resolves differently a moment later. An IP literal is
 * checked like any other host. Throws `OutboundError`.
 */
export async function resolveAllowed(
  host: string,
  port: number,
  check: CheckAddress,
  lookup: Lookup,
  signal: AbortSignal,
): Promise<HostAddress[]> {
  const name = host.replace(/^\[|\]$/g, '')
  try {
    signal.throwIfAborted()
    const allowed = keepAllowed(check, name, await lookUp(name, lookup, signal))
    if (allowed instanceof OutboundError) throw allowed
    return allowed.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
  } catch (error) {
    throw toOutboundError(error, { target: `${name}:${port}`, phase: 'before', signal })
  }
}

/** A lookup cannot be called off, only be left. */
function lookUp(name: string, lookup: Lookup, signal: AbortSignal): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    lookup(name, { all: true }, (error, found) => {
      signal.removeEventListener('abort', leave)
      if (error) reject(error)
      else resolve(found)
    })
  })
}
