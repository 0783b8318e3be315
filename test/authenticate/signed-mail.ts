import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { dkimSign } from 'mailauth/lib/dkim/sign.js'

export interface SigningKey {
  privateKey: string
  /** The TXT record under `selector._domainkey.domain`. */
  record: string
}

export function makeKey(type: 'rsa' | 'ed25519' = 'rsa', bits = 2_048): SigningKey {
  const { privateKey, publicKey } =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: bits })
      : (generateKeyPairSync('ed25519') as { privateKey: KeyObject; publicKey: KeyObject })
  const der = publicKey.export({ type: 'spki', format: 'der' })
  // RFC 8463, 4.2: of an Ed25519 key the record has the 32 bytes alone.
  const data = type === 'rsa' ? der : der.subarray(-32)
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    record: `v=DKIM1; k=${type}; p=${data.toString('base64')}`,
  }
}

export interface SignOptions {
  domain: string
  selector?: string
  algorithm?: string
  canonicalization?: string
  /** `h=`: names with colons between them. */
  headers?: string
  expires?: Date
  signedAt?: Date
  /** `l=` */
  bodyLength?: number
}

/** The mail with a DKIM signature on top. */
export async function signMail(mail: string, key: SigningKey, options: SignOptions): Promise<string> {
  const { domain, selector = 's1', algorithm = 'rsa-sha256', canonicalization = 'relaxed/relaxed' } = options
  const one = { signingDomain: domain, selector, privateKey: key.privateKey, algorithm, canonicalization }
  const { signatures, errors } = await dkimSign(mail, {
    ...one,
    signTime: options.signedAt ?? new Date(),
    ...(options.expires ? { expires: options.expires } : {}),
    // The types say a list; what is read is a text.
    ...(options.headers ? { headerList: options.headers as unknown as string[] } : {}),
    signatureData: [{ ...one, ...(options.bodyLength === undefined ? {} : { maxBodyLength: options.bodyLength }) }],
  })
  if (errors.length > 0) throw new Error(`the mail could not be signed: ${JSON.stringify(errors[0])}`)
  return `${signatures}${mail}`
}

export function writeMail(from: string, body = 'The disk is full.\r\n', more = ''): string {
  return `From: ${from}\r\nTo: ops@gw.test\r\nSubject: disk\r\n${more}Message-ID: <1@x>\r\n\r\n${body}`
}
