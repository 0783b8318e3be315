import type { Channel, HeardChat } from '../domain/channel.js'
import { earOf } from './listeners.js'

/** A chat in which somebody wrote to a channel lately. */
export interface FoundChat {
  /** As addresses of the channel are written. */
  address: string
  title: string
  is_shared: boolean
  heard_at: string
}

export interface ChatSearchParts {
  /** Looks anew which channels have to listen. */
  listenAnew: () => Promise<void>
  now: () => number
  /** What went wrong where nobody waits for it. */
  onProblem: (error: unknown) => void
}

/**
 * Remembers, for an hour, in which chats somebody wrote to a channel: whoever sets it up needs their ids, which the
 * vendor shows nowhere. A channel that would not listen otherwise listens while somebody looks.
 */
export interface ChatSearch {
  note: (heardBy: Channel, chat: HeardChat) => void
  /** Listens for a quarter of an hour from now; answers until when. */
  begin: (channel: Channel) => Promise<number>
  /** The last one first. */
  list: (channel: Channel) => FoundChat[]
  /** Until when it listens for this; null when it does not. */
  endOf: (channel: Channel) => number | null
  /** Channels that have to listen, by name. */
  listChannels: () => string[]
  stop: () => void
}

const keptMs = 3_600_000
const listensMs = 900_000
/** Of one bot. What is oldest goes. */
const chatsMax = 20

export function createChatSearch({ listenAnew, now, onProblem }: ChatSearchParts): ChatSearch {
  /** By ear: channels of one bot hear the same. */
  const heard = new Map<string, Map<string, HeardChat & { at: number }>>()
  /** By channel. */
  const ends = new Map<string, number>()
  const timers = new Map<string, NodeJS.Timeout>()

  function end(name: string): void {
    ends.delete(name)
    clearTimeout(timers.get(name))
    timers.delete(name)
  }

  function endOf({ name }: Channel): number | null {
    const until = ends.get(name) ?? 0
    return until > now() ? until : null
  }

  return {
    endOf,
    note(heardBy, chat) {
      const chats = heard.get(earOf(heardBy)) ?? new Map<string, HeardChat & { at: number }>()
      heard.set(earOf(heardBy), chats)
      // Put in anew, it is the last one.
      chats.delete(chat.address)
      chats.set(chat.address, { ...chat, at: now() })
      const [oldest] = chats.keys()
      if (chats.size > chatsMax && oldest !== undefined) chats.delete(oldest)
    },
    async begin(channel) {
      const { name } = channel
      end(name)
      const until = now() + listensMs
      ends.set(name, until)
      const over = (): void => {
        end(name)
        listenAnew().catch(onProblem)
      }
      timers.set(name, setTimeout(over, listensMs).unref())
      await listenAnew()
      return until
    },
    list(channel) {
      const chats = [...(heard.get(earOf(channel))?.values() ?? [])]
      return chats
        .filter(({ at }) => at > now() - keptMs)
        .map(({ address, title, isShared, at }) => ({
          address,
          title,
          is_shared: isShared,
          heard_at: new Date(at).toISOString(),
        }))
        .reverse()
    },
    listChannels: () => [...ends.keys()],
    stop() {
      for (const name of [...ends.keys()]) end(name)
    },
  }
}
