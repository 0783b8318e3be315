import { baseUrl, httpUrl } from './settings.js'

/** The URL that a vendor made for one place to post to. Whoever knows it may post: all of it is secret. */
export const webhookUrl = httpUrl.describe('The URL the vendor made for the channel; it is a secret as a whole.')

export const webhookBase = baseUrl.optional().describe('Another root than the URL’s own, for a proxy.')

/** The URL with another root, for proxies and stand-ins. Path and query stay byte for byte, for they may be signed. */
export function moveToBase(url: string, base: string | undefined): string {
  if (base === undefined) return url
  const { pathname, search } = new URL(url)
  return `${base}${pathname}${search}`
}

/** What may never be shown of a URL that is a secret: also in pieces, as vendors like to repeat them in their errors. */
export function secretsOfUrl(url: string): string[] {
  const { pathname, search, searchParams } = new URL(url)
  const pieces = [...pathname.split('/'), ...searchParams.values()].filter((piece) => piece.length >= pieceMin)
  return [
    url,
    `${pathname}${search}`,
    ...(pathname.length >= pieceMin ? [pathname] : []),
    ...pieces,
    ...pieces.map(decode),
  ]
}

/** Shorter pieces are words like `hooks` or `v1`. */
const pieceMin = 12

function decode(piece: string): string {
  return /^(?:[^%]|%[0-9a-f]{2})*$/i.test(piece) ? Buffer.from(unescapeBytes(piece), 'latin1').toString('utf8') : piece
}

function unescapeBytes(piece: string): string {
  return piece.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}
