import net from 'node:net'
import { buildConnector } from 'undici'
import { OutboundError } from '../domain/errors.js'
import { keepAllowed, type Lookup, policyError } from './allowed-addresses.js'
import type { CheckAddress } from './network-policy.js'

/**
 * Opens sockets to checked addresses only. The check stands between name resolution and connect, so a name that
 * resolves differently a moment later gains nothing; IP literals, for which Node never calls `lookup`, are checked here.
 */
export function guardConnector(
  check: CheckAddress,
  lookup: Lookup,
  connectTimeoutMs: number,
): buildConnector.connector {
  const connect = buildConnector({ timeout: connectTimeoutMs, lookup: guardLookup(check, lookup) })
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '')
    if (net.isIP(host) !== 0) {
      const denied = check(host, host)
      if (denied) return callback(policyError(host, host, denied), null)
    }
    connect(options, callback)
  }
}

/** `dns.lookup` that leaves out denied addresses and fails when none is left. */
function guardLookup(check: CheckAddress, lookup: Lookup): net.LookupFunction {
  return (hostname, options, callback) => {
    const { family, hints } = options
    const asked = {
      all: true as const,
      ...(typeof family === 'number' ? { family } : {}),
      ...(hints === undefined ? {} : { hints }),
    }
    lookup(hostname, asked, (error, found) => {
      if (error) return callback(error, '')
      const allowed = keepAllowed(check, hostname, found)
      if (allowed instanceof OutboundError) return callback(allowed, '')
      if (options.all) return callback(null, allowed)
      callback(null, allowed[0]?.address ?? '', allowed[0]?.family)
    })
  }
}
