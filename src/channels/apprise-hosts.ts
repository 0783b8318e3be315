import type { ChannelContext } from '../domain/channel.js'
import { OutboundError } from '../domain/errors.js'

/**
 * Services of one's own, whose URLs name the server, also when its name has no dot (Apprise, "Supported
 * notifications"). In the URL of a service of the cloud a token may stand in the same place.
 */
const ownServices =
  /^(?:apprise|bark|emby|enigma2|form|gotify|growl|hassio|jellyfin|json|kodi|mailto|matrix|mmost|mqtt|ncloud|nctalk|ntfy|rocket|rsyslog|signal|synology|xbmc|xml)s?$/i

/** A token with dots in it is not asked of a name server: its last part is no top-level domain. */
const hostName = /^(?:[a-z0-9_-]{1,63}\.)+[a-z]{2,24}$|^[0-9.]{7,15}$|^[0-9a-f:.]*:[0-9a-f:.]*$|^localhost$/i

/**
 * The hosts that a URL of Apprise names, as far as they can be told from tokens: names with a
 * top-level domain, addresses, and whatever services of one's own name; those of `?smtp=` and the like, too.
 */
export function listHosts(url: string): { host: string; port: number }[] {
  const found = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)[^?#]*(?:\?([^#]*))?/i.exec(url)
  if (!found) return []
  const [, scheme = '', authority = '', query = ''] = found
  const parameters = [...new URLSearchParams(query)].filter(([name]) => /^(?:smtp|host|server|url)$/i.test(name))
  const named = parameters.map(([, value]) => value.replace(/^[a-z][a-z0-9+.-]*:\/\//i, ''))
  const places = [authority.slice(authority.lastIndexOf('@') + 1), ...named.map((value) => value.split('/')[0] ?? '')]
  return places.flatMap((place) => readPlace(place, ownServices.test(scheme)))
}

function readPlace(place: string, isOwn: boolean): { host: string; port: number }[] {
  const found = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(place)
  const host = found?.[1]?.replace(/^\[|\]$/g, '') ?? ''
  const isHost = host.length <= 253 && (hostName.test(host) || (isOwn && /^[\w-]{1,63}$/.test(host)))
  return isHost ? [{ host, port: Number(found?.[2] ?? 0) }] : []
}

/**
 * Null when the network policy has nothing against the hosts that these URLs name, else its words. The command connects
 * by itself, though: to what a name resolves to then, where a redirect leads, where a service has its own servers, and
 * where its own configuration says. What must never be reached from here, a firewall has to keep out.
 */
export async function findDeniedHost(
  urls: readonly string[],
  { resolveHost, signal }: Pick<ChannelContext, 'resolveHost' | 'signal'>,
): Promise<string | null> {
  for (const { host, port } of urls.flatMap(listHosts)) {
    try {
      await resolveHost(host, port, signal)
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error
      // A name that is not known here may be a token, or known to Apprise only; that is for Apprise to say.
      if (error.kind === 'policy') return error.message
    }
  }
  return null
}
