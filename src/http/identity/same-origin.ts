/** What a browser says of where a request comes from. */
export interface RequestOrigin {
  method: string
  /** `Sec-Fetch-Site`; browsers leave it out on plain http beyond loopback. */
  fetchSite: string | undefined
  origin: string | undefined
  host: string | undefined
  /** `server.http.public_url`: what a proxy that changes the host is reached by. */
  publicUrl: string | null
}

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Whether a request may change something for somebody whom the browser signed in by itself: only when the browser says
 * that a page of ours made it (Fetch Metadata, section 2.3, else RFC 6454, section 7). What changes nothing always may.
 */
export function isOwnRequest({ method, fetchSite, origin, host, publicUrl }: RequestOrigin): boolean {
  if (safeMethods.has(method)) return true
  if (fetchSite !== undefined) return fetchSite === 'same-origin'
  if (origin === undefined || !URL.canParse(origin)) return false
  const from = new URL(origin)
  return from.host === host?.toLowerCase() || (publicUrl !== null && from.origin === new URL(publicUrl).origin)
}
