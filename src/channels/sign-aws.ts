import { createHash, createHmac } from 'node:crypto'

export interface AwsCredentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string | null
}

export interface AwsCall {
  method: 'GET' | 'POST'
  /** Path and query are signed as they are written here, so both have to be encoded already. */
  url: string
  headers: Record<string, string>
  body: string
  region: string
  service: string
}

/**
 * The headers of an AWS call, signed ones and signature: Signature Version 4 (AWS IAM, "Create a signed AWS API
 * request"). The HTTP client sends `host` itself, as the URL has it.
 * @param now milliseconds since the epoch; AWS refuses a clock that is five minutes off
 */
export function signAws(call: AwsCall, credentials: AwsCredentials, now: number): Record<string, string> {
  const { host, pathname, searchParams } = new URL(call.url)
  const moment = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')
  const scope = `${moment.slice(0, 8)}/${call.region}/${call.service}/aws4_request`
  const sent: Record<string, string> = { ...call.headers, 'x-amz-date': moment }
  if (credentials.sessionToken !== null) sent['x-amz-security-token'] = credentials.sessionToken
  const signed = Object.entries({ ...sent, host }).sort(byName)
  const names = signed.map(([name]) => name).join(';')
  const canonical = [
    call.method,
    pathname,
    [...searchParams].sort(byName).map(encodePair).join('&'),
    ...signed.map(([name, value]) => `${name}:${value.trim().replace(/\s+/g, ' ')}`),
    '',
    names,
    sha256(call.body),
  ].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', moment, scope, sha256(canonical)].join('\n')
  const signature = hmac(deriveKey(credentials.secretAccessKey, scope), toSign).toString('hex')
  const credential = `Credential=${credentials.accessKeyId}/${scope}`
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names}, Signature=${signature}`
  return { ...sent, authorization }
}

/** One key a day, region and service: the secret, put through each part of the scope in turn. */
function deriveKey(secret: string, scope: string): Buffer {
  const seed: Buffer = Buffer.from(`AWS4${secret}`)
  return scope.split('/').reduce((key, part) => hmac(key, part), seed)
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function byName([one]: [string, string], [other]: [string, string]): number {
  return one < other ? -1 : Number(one > other)
}

function encodePair([name, value]: [string, string]): string {
  return `${encodeRfc3986(name)}=${encodeRfc3986(value)}`
}

function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
}
