import type { ChannelKind } from '../domain/channel.js'
import { email } from './email.js'
import { inbox } from './inbox.js'
import { log } from './log.js'
import { slack } from './slack.js'
import { telegram } from './telegram.js'
import { webhook } from './webhook.js'

/** THE list: config, JSON Schema, console forms, docs and the contract test all read it. */
export const channelKinds: readonly ChannelKind[] = [telegram, email, slack, webhook, inbox, log]

export function findChannelKind(kind: string): ChannelKind | null {
  return channelKinds.find((known) => known.kind === kind) ?? null
}
