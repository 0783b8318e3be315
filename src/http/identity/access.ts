import { timingSafeEqual } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { HttpSettings } from '../../domain/config.js'
import { ApiError } from '../../domain/errors.js'
import type { Identity } from '../../domain/identity.js'
import type { EngineCalls } from '../../engine/engine-calls.js'
import { digestSecret } from '../../engine/new-secret.js'
import type { SessionFacts } from '../../engine/session-calls.js'
import { compileClientRanges } from '../../route/client-ranges.js'
import { cameBySecure, type IsTrustedProxy, readPeerAddress } from '../open/client-address.js'
import { readProxyIdentity } from './proxy-identity.js'
import { isOwnRequest } from './same-origin.js'
import { formTokenOf, readSessionCookie } from './session-cookie.js'

export interface AccessParts {
  calls: EngineCalls
  /** The token in the data folder; a function, because it can be changed. */
  localToken: () => string
  /** As the config says now: a reload changes them. */
  settings: () => HttpSettings
}

/** Who asks, and by which session when it is one. */
export interface Caller {
  identity: Identity
  session: (SessionFacts & { formToken: string }) | null
}

/** Finds out who asks. */
export interface Access {
  /**
   * By a bearer token, by the word of a proxy that signs people in, or by the session's cookie; null when the request
   * carries none of them that counts. Throws `ApiError` 403 when a page of another site had the browser send it.
   */
  recognise: (c: Context) => Promise<Caller | null>
  isTrustedProxy: IsTrustedProxy
  /** Whether the browser came by https, through a proxy: what the cookie is called depends on it. */
  isSecure: (c: Context) => boolean
  /** Throws `ApiError` 403 when a page of another site had the browser send this. */
  requireOwnPage: (c: Context) => void
  /** Whether this is the token in the data folder. Neither length nor content shows in the time it takes. */
  isLocalToken: (token: string) => boolean
  /** What sessions of the owner are bound to. */
  ownerDigest: () => string
}

export function createAccess({ calls, localToken, settings }: AccessParts): Access {
  const isTrustedProxy = followRanges(() => settings().trustedProxies)
  const mayVouch = followRanges(() => settings().proxyAuth?.from ?? [])
  const ownerDigest = (): string => digestSecret(localToken())
  const isLocalToken = (token: string): boolean =>
    timingSafeEqual(Buffer.from(digestSecret(token)), Buffer.from(ownerDigest()))
  const isSecure = (c: Context): boolean =>
    cameBySecure(c, isTrustedProxy) || isPublicHost(c.req.header('host'), settings().publicUrl)

  function requireOwnPage(c: Context): void {
    const request = {
      method: c.req.method,
      fetchSite: c.req.header('sec-fetch-site'),
      origin: c.req.header('origin'),
      host: c.req.header('host'),
      publicUrl: settings().publicUrl,
    }
    if (isOwnRequest(request)) return
    const hint = 'a page of another site may have sent it; programs use a bearer token'
    throw new ApiError(403, 'cross_origin', 'a change needs a request from a page of this server', hint)
  }

  async function byBearer(token: string): Promise<Caller | null> {
    if (isLocalToken(token)) return { identity: { name: 'api', role: 'admin', by: 'local' }, session: null }
    const known = await calls.identifyToken(digestSecret(token))
    return known && { identity: { name: known.name, role: known.role, by: 'token' }, session: null }
  }

  async function bySession(c: Context): Promise<Caller | null> {
    const secret = readSessionCookie(c, isSecure(c))
    const facts = secret === null ? null : await calls.readSession(digestSecret(secret), ownerDigest())
    if (secret === null || facts === null) return null
    const { name, role, holder } = facts
    const by = holder.type === 'token' ? 'token' : 'session'
    return { identity: { name, role, by }, session: { ...facts, formToken: formTokenOf(secret) } }
  }

  function byProxy(c: Context): Caller | null {
    const { proxyAuth } = settings()
    if (proxyAuth === null || !mayVouch(readPeerAddress(c))) return null
    const identity = readProxyIdentity(proxyAuth, (name) => readHeader(c, name))
    return identity && { identity, session: null }
  }

  return {
    async recognise(c) {
      const bearer = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
      if (bearer !== undefined) return byBearer(bearer)
      const caller = byProxy(c) ?? (await bySession(c))
      if (caller !== null) requireOwnPage(c)
      return caller
    },
    isTrustedProxy,
    isSecure,
    requireOwnPage,
    isLocalToken,
    ownerDigest,
  }
}

/** Tests addresses by ranges that a reload may change. */
function followRanges(read: () => string[]): (address: string) => boolean {
  let ranges: string[] | null = null
  let test: (address: string) => boolean = () => false
  return (address) => {
    const now = read()
    if (now !== ranges) {
      test = compileClientRanges(now)
      ranges = now
    }
    return test(address)
  }
}

function isPublicHost(host: string | undefined, publicUrl: string | null): boolean {
  if (publicUrl === null || host === undefined) return false
  const { protocol, host: publicHost } = new URL(publicUrl)
  return protocol === 'https:' && publicHost === host.toLowerCase()
}

/** Each header as it came: Node joins those that are there twice. */
function readHeader(c: Context, name: string): string[] {
  const { rawHeaders } = (c.env as HttpBindings).incoming
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
}
