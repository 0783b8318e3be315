import type { Channel } from '../domain/channel.js'
import type { ChatSession } from '../domain/late-result.js'
import type { Store } from '../store/store.js'
import { earOf } from './listeners.js'

/** Channels of one number share what is known, as they share its ear. The store keeps a bounded number of the newest. */
const space = 'sessions'

export async function saveSession(
  store: Pick<Store, 'saveCache'>,
  channel: Channel,
  place: string,
  { isOpen, at }: ChatSession,
): Promise<void> {
  await store.saveCache(space, keyOf(channel, place), { value: isOpen ? 'open' : 'closed', etag: null, at })
}

/** Null when nothing is known, or the channel is gone. */
export async function readSession(
  store: Pick<Store, 'readCache'>,
  channel: Channel | undefined,
  place: string,
): Promise<ChatSession | null> {
  if (channel === undefined) return null
  const entry = await store.readCache(space, keyOf(channel, place))
  return entry && { isOpen: entry.value === 'open', at: entry.at }
}

function keyOf(channel: Channel, place: string): string {
  return JSON.stringify([earOf(channel), place])
}
