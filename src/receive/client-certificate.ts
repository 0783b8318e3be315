import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/**
 * The names of a client's certificate, in lower case: its common name, and the DNS and mail names among its alternative
 * ones. Empty unless the certificate was verified against the operator's own authorities.
 */
export function verifiedNames(socket: Socket): string[] {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return []
  const certificate = socket.getPeerX509Certificate()
  return certificate === undefined ? [] : namesOf(certificate)
}

/** See `verifiedNames`. */
export function namesOf(certificate: Pick<X509Certificate, 'subject' | 'subjectAltName'>): string[] {
  // One attribute a line; Node escapes line breaks within a value, so none can begin where a value says so.
  const common = (certificate.subject ?? '')
    .split('\n')
    .flatMap((line) => (line.startsWith('CN=') ? [line.slice(3)] : []))
  const names = [...common, ...alternativeNames(certificate.subjectAltName ?? '')]
  return names.map((name) => name.toLowerCase())
}

/**
 * Node writes `DNS:a.example, email:b@c.example`, and puts in quotes, as JSON, whatever could be mistaken for more than
 * one name (CVE-2021-44532). Such a name is nobody's.
 */
function alternativeNames(text: string): string[] {
  const entry = /(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?=, |$)/gy
  const names: string[] = []
  for (let found = entry.exec(text); found !== null; found = entry.exec(text)) {
    const [, kind, name = ''] = found
    if ((kind === 'DNS' || kind === 'email') && !name.startsWith('"')) names.push(name)
  }
  return names
}
