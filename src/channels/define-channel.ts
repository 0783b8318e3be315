import type { ChannelKind } from '../domain/channel.js'

/**
 * Makes a typed kind fit THE list, whose settings are unknown to the rest of the program. The promise behind the casts:
 * the settings that reach any of its functions are what this kind's own `settings` schema gave. What a kind does not
 * have stays absent, for its absence says something.
 */
export function defineChannel<Settings>(kind: ChannelKind<Settings>): ChannelKind {
  const { destination, send, resolve, update, link, asksForAnswers, ...rest } = kind
  const { listenKey, hearsResults, hearsChats, listen, takeHook, ...facts } = rest
  return {
    ...facts,
    destination: (settings) => destination(settings as Settings),
    send: adapt(send),
    ...(resolve && { resolve: adapt(resolve) }),
    ...(update && { update: adapt(update) }),
    ...(link && { link: (settings, code, context) => link(settings as Settings, code, context) }),
    ...(asksForAnswers && { asksForAnswers: (settings: unknown) => asksForAnswers(settings as Settings) }),
    ...(hearsResults && { hearsResults: (settings: unknown) => hearsResults(settings as Settings) }),
    ...(hearsChats && { hearsChats: (settings: unknown) => hearsChats(settings as Settings) }),
    ...(listenKey && { listenKey: (settings: unknown) => listenKey(settings as Settings) }),
    ...(listen && { listen: (settings, context) => listen(settings as Settings, context) }),
    ...(takeHook && { takeHook: (call, settings, context) => takeHook(call, settings as Settings, context) }),
  }
}

function adapt<Settings>(send: ChannelKind<Settings>['send']): ChannelKind['send'] {
  return (message, address, settings, context) => send(message, address, settings as Settings, context)
}
