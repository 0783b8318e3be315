import { isIP } from 'node:net'
import type { ListenAddress } from '../domain/smtp-settings.js'

/**
 * Reads `127.0.0.1:2525`, `[::1]:2525`, `localhost:2525`, `:2525` (every IPv4 address) or `2525` (loopback, because a port
 * alone should not open a gateway to the network). Port 0 lets the system choose. Null when it is none of these.
 */
export function parseListen(text: string): ListenAddress | null {
  const match = /^(?:(\[[^\]]+\]|[^:[\]\s]*):)?(\d{1,5})$/.exec(text.trim())
  if (!match) return null
  const [, written, digits] = match
  const port = Number(digits)
  if (port > 65_535) return null
  if (written === undefined) return { host: '127.0.0.1', port }
  if (written === '' || written === '*') return { host: '0.0.0.0', port }
  const host = written.startsWith('[') ? written.slice(1, -1) : written
  if (written.startsWith('[') && isIP(host) !== 6) return null
  return isIP(host) > 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host) ? { host, port } : null
}
