import dns from 'node:dns'
import net from 'node:net'
import { buildConnector } from 'undici'
import { OutboundError } from '../domain/errors.js'
import type { CheckAddress } from './network-policy.js'

/**
 * Opens sockets to checked addresses only. The check stands between name resolution and connect, so a name that
 * resolves differently a moment later gains nothing; IP literals, for which Node never calls `lookup`, are checked here.
 */
export function guardConnector(check: CheckAddress, connectTimeoutMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: connectTimeoutMs, lookup: guardLookup(check) })
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
function guardLookup(check: CheckAddress): net.LookupFunction {
  return (hostname, options, callback) => {
    dns.lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '')
      const allowed = found.filter(({ address }) => check(hostname, address) === null)
      const [first] = allowed
      if (!first) {
        const address = found[0]?.address ?? ''
        return callback(policyError(hostname, address, check(hostname, address) ?? 'has no address'), '')
      }
      if (options.all) return callback(null, allowed)
      callback(null, first.address, first.family)
    })
  }
}

function policyError(host: string, address: string, reason: string): OutboundError {
  const subject = host === address ? address : `${host} (${address})`
  return new OutboundError('policy', 'before', `${subject} ${reason}`)
}
