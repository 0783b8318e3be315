import { createHash, randomBytes } from 'node:crypto'
import type { Channel, LinkAttempt } from '../domain/channel.js'
import { ApiError } from '../domain/errors.js'
import type { LinkCode } from '../domain/stored-person.js'
import type { Store } from '../store/store.js'
import type { Audit } from './audit.js'
import type { EngineLog } from './engine.js'
import { limitReplies } from './limit-replies.js'
import { earOf } from './listeners.js'
import type { Current } from './running-config.js'

/** 192 bits, as 32 characters that stand in URLs as they are. */
const codeBytes = 24
const codesMax = 1_000
/** After the store failed. */
const lookAgainMs = 60_000

const howTo = 'To get alerts here, ask whoever runs MailTrigger for a link, and open it.'
const isOver = 'This link was used, or is over. Ask for a new one.'
const isShared = 'A link is for one person: open it in a chat with me alone, where nobody else reads along.'

export interface LinkingParts {
  store: Pick<Store, 'saveLinkCode' | 'listLinkCodes' | 'useLinkCode' | 'listStoredPeople'>
  current: () => Pick<Current, 'config' | 'files'>
  /** Puts into force what the store has of people. */
  takeStored: () => Promise<void>
  /** Looks anew which channels have to listen. */
  listenAnew: () => Promise<void>
  audit: Audit
  now: () => number
  log: EngineLog
}

/** Links of people to addresses of theirs, by codes that work once. */
export interface Linking {
  newCode: () => string
  /** Keeps a new code, which ends an earlier one of the person for the channel, and listens for it. */
  open: (code: string, link: Omit<LinkCode, 'digest'>) => Promise<void>
  /** Answers with the words to say there; see `ListenContext.onLink`. The signal ends the wait, never the link. */
  hear: (heardBy: Channel, attempt: LinkAttempt, signal: AbortSignal) => Promise<string | null>
  /** Channels that have to listen: a code for them is open, or was used in its time. */
  listChannels: () => Promise<string[]>
  /** Begins to look at the clock, so that nobody listens for longer than needed. */
  start: () => Promise<void>
  stop: () => void
}

export function createLinking(parts: LinkingParts): Linking {
  const { store, now, log } = parts
  const mayReply = limitReplies(now)
  /** By channel: a listener must not end while it hears the very link it waited for. */
  const heardUntil = new Map<string, number>()
  let timer: NodeJS.Timeout | null = null
  let isStopped = false

  async function arm(): Promise<void> {
    const ends = [...(await store.listLinkCodes(now())).map(({ expiresAt }) => expiresAt), ...heardUntil.values()]
    wake(ends.length === 0 ? null : Math.max(0, Math.min(...ends) - now()))
  }

  function wake(waitMs: number | null): void {
    if (timer !== null) clearTimeout(timer)
    timer = waitMs === null || isStopped ? null : setTimeout(look, waitMs)
  }

  function look(): void {
    for (const [channel, until] of heardUntil) if (until <= now()) heardUntil.delete(channel)
    const looked = parts.listenAnew().then(arm)
    looked.catch((error: unknown) => {
      log('error', 'which links are open could not be read', { error: String(error) })
      wake(lookAgainMs)
    })
  }

  return {
    newCode: () => randomBytes(codeBytes).toString('base64url'),
    async open(code, link) {
      const others = (await store.listLinkCodes(now())).filter(
        ({ person, channel }) => person !== link.person || channel !== link.channel,
      )
      if (others.length >= codesMax) {
        throw new ApiError(429, 'too_many', `${codesMax} links are open already`, 'each is over after its time')
      }
      await store.saveLinkCode({ ...link, digest: digestOf(code) })
      await parts.listenAnew()
      await arm()
    },
    async hear(heardBy, attempt, signal) {
      const heard = await takeAttempt(heardBy, attempt, parts)
      const { used } = heard
      if (used === null) return mayReply(`${earOf(heardBy)} ${attempt.address}`) ? heard.words : null
      heardUntil.set(used.channel, Math.max(used.expiresAt, heardUntil.get(used.channel) ?? 0))
      await putIntoForce(parts, signal)
      return heard.words
    },
    async listChannels() {
      const open = await store.listLinkCodes(now())
      const heard = [...heardUntil].filter(([, until]) => until > now()).map(([channel]) => channel)
      return [...new Set([...open.map(({ channel }) => channel), ...heard])]
    },
    start: arm,
    stop() {
      isStopped = true
      wake(null)
    },
  }
}

/** Uses a code up, or says why not. What a file says of the person stands before any link. */
async function takeAttempt(
  heardBy: Channel,
  { code, address, isShared: isSharedPlace, by }: LinkAttempt,
  { store, current, audit, now }: LinkingParts,
): Promise<{ words: string; used: LinkCode | null }> {
  if (isSharedPlace) return { words: isShared, used: null }
  if (code === null) return { words: howTo, used: null }
  const { config, files } = current()
  const channels = Object.values(config.channels).filter((channel) => earOf(channel) === earOf(heardBy))
  const names = channels.map(({ name }) => name)
  const digest = digestOf(code)
  const open = (await store.listLinkCodes(now())).find((one) => one.digest === digest && names.includes(one.channel))
  if (!open) return { words: await sayUnknown(address, names, store), used: null }
  if (files.people[open.person]?.channels[open.channel] !== undefined) {
    const words = `The address of ${open.person} stands in a file of the server, which goes before this link.`
    return { words, used: null }
  }
  const used = await store.useLinkCode({ digest, channels: names, address, now: now() })
  if (!used) return { words: isOver, used: null }
  await audit(by, 'person.link', [used.person, used.channel], { address, link_by: used.createdBy })
  return { words: `This chat now gets the alerts of ${used.person}.`, used }
}

/** A link that is opened a second time is over; where the first time worked, there is nothing to ask for. */
async function sayUnknown(address: string, channels: readonly string[], store: LinkingParts['store']): Promise<string> {
  const linked = (await store.listStoredPeople()).filter((person) =>
    channels.some((name) => person.channels[name]?.by === 'link' && person.channels[name]?.address === address),
  )
  if (linked.length === 0) return isOver
  return `This chat gets the alerts of ${linked.map((person) => person.address).join(', ')}. The link is over.`
}

/**
 * The link is kept by now. What waits for its turn meanwhile may be a reload that waits for this very listener to end:
 * then nobody is told, and the reload takes the address over.
 */
async function putIntoForce({ takeStored, log }: LinkingParts, signal: AbortSignal): Promise<void> {
  const taken = takeStored().catch((error: unknown) => {
    log('error', 'a linked address is kept, and not yet in force: mailtrigger reload tries again', {
      error: String(error),
    })
  })
  const over = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  if (!signal.aborted) await Promise.race([taken, over])
}

function digestOf(code: string): string {
  return createHash('sha256').update(code).digest('hex')
}
