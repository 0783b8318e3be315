import type { AckDisplay, ChannelKind } from '../domain/channel.js'

/** Where a kind can show that somebody acknowledged; null when it cannot change what was sent. */
export function ackDisplayOf({ update, updatesOnce }: ChannelKind): AckDisplay | null {
  if (update === undefined) return null
  return updatesOnce ? 'once' : 'each'
}
