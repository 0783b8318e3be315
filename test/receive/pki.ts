import { generate } from 'selfsigned'

/** PEM texts. */
export interface Pair {
  cert: string
  key: string
}

const ec = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const

export async function makeAuthority(name: string): Promise<Pair> {
  const made = await generate([{ name: 'commonName', value: name }], {
    ...ec,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  })
  return { cert: made.cert, key: made.private }
}

/** A certificate that the authority signed: for clients, unless another use is named. */
export async function issue(
  authority: Pair,
  name: string,
  more: { dns?: string; mail?: string; use?: 'clientAuth' | 'serverAuth'; notAfterDate?: Date } = {},
): Promise<Pair> {
  const altNames = [
    ...(more.mail === undefined ? [] : [{ type: 1 as const, value: more.mail }]),
    ...(more.dns === undefined ? [] : [{ type: 2 as const, value: more.dns }]),
  ]
  const made = await generate([{ name: 'commonName', value: name }], {
    ...ec,
    ca: authority,
    ...(more.notAfterDate ? { notBeforeDate: new Date(0), notAfterDate: more.notAfterDate } : {}),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', [more.use ?? 'clientAuth']: true },
      ...(altNames.length === 0 ? [] : [{ name: 'subjectAltName' as const, altNames }]),
    ],
  })
  return { cert: made.cert, key: made.private }
}
