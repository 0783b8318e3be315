import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext, type TlsOptions } from 'node:tls'
import type { SmtpTls } from '../domain/smtp-settings.js'

/** PEM texts. */
export interface TlsMaterial {
  cert: string
  key: string
  /** Of the authorities whose client certificates log users in; null asks for none. */
  clientCa: string | null
}

/**
 * Forward secrecy for everybody, and AEAD for those who have it. CBC stays for devices that are older than their
 * operators would like: what they fall back to is no TLS at all. Node speaks TLS 1.3 only where its suites are named.
 */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE+AESGCM',
  'ECDHE+CHACHA20',
  'ECDHE+AES',
  '!aNULL',
  '!eNULL',
].join(':')

/**
 * For smtp-server, whose own floor is TLS 1.0. A client certificate is asked for and never required: one that does not
 * verify is worth as much as none.
 */
export function tlsOptions(material: TlsMaterial, versionMin: SmtpTls['versionMin']): TlsOptions {
  const { cert, key, clientCa } = material
  return {
    cert,
    key,
    minVersion: versionMin,
    ciphers,
    honorCipherOrder: true,
    requestCert: clientCa !== null,
    rejectUnauthorized: false,
    ...(clientCa === null ? { ca: undefined } : { ca: clientCa }),
  }
}

/** Why TLS cannot be spoken with this, or null. */
export function checkTls(material: TlsMaterial): string | null {
  try {
    const isPair = new X509Certificate(material.cert).checkPrivateKey(createPrivateKey(material.key))
    if (!isPair) return 'the key is not that of the certificate'
    createSecureContext(tlsOptions(material, 'TLSv1.2'))
  } catch (error) {
    return `the certificate or its key cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
  return material.clientCa === null ? null : checkAuthorities(material.clientCa)
}

function checkAuthorities(pem: string): string | null {
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (certificates.length === 0) return 'the file of client_ca has no certificate'
  try {
    for (const one of certificates) new X509Certificate(one)
    return null
  } catch (error) {
    return `a certificate of client_ca cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
}
