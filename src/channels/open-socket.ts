import { once } from 'node:events'
import { connect, type LookupFunction, type Socket } from 'node:net'
import type { ChannelContext, HostAddress } from '../domain/channel.js'
import { OutboundError } from '../domain/errors.js'

const connectMs = 10_000

/**
 * Opens a TCP connection for a protocol other than HTTP, to an address that the network policy has checked. TLS on it
 * has to be told the host's name. Throws `OutboundError` with phase `before`.
 */
export async function openSocket(
  host: string,
  port: number,
  { resolveHost, signal }: Pick<ChannelContext, 'resolveHost' | 'signal'>,
): Promise<Socket> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(connectMs)])
  const addresses = await resolveHost(host, port, until)
  const lookup = answerWith(addresses)
  const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port, lookup, autoSelectFamily: true })
  try {
    await once(socket, 'connect', { signal: until })
    return socket
  } catch (error) {
    socket.destroy()
    if (signal.aborted) throw new OutboundError('aborted', 'before', `${host}:${port}: the attempt was ended`)
    if (until.aborted) throw new OutboundError('timeout', 'before', `${host}:${port}: no connection in time`)
    throw new OutboundError('refused', 'before', `${host}:${port}: ${wordsOf(error)}`)
  }
}

/** In place of name resolution: what was checked. Node tries the addresses in turn. */
function answerWith(addresses: HostAddress[]): LookupFunction {
  return (_host, { all }, callback) => {
    if (all) callback(null, addresses)
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family)
  }
}

/** When several addresses were tried, each has an error of its own. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join(', ')
  return error instanceof Error ? error.message : String(error)
}
