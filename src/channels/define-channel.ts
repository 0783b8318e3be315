import type { ChannelKind } from '../domain/channel.js'

/**
 * Makes a typed kind fit THE list, whose settings are unknown to the rest of the program. The promise behind the two
 * casts: what reaches `destination` and `send` is what this kind's own `settings` schema gave.
 */
export function defineChannel<Settings>(kind: ChannelKind<Settings>): ChannelKind {
  return {
    ...kind,
    destination: (settings) => kind.destination(settings as Settings),
    send: (message, address, settings, context) => kind.send(message, address, settings as Settings, context),
  }
}
