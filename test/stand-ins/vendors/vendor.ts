import type { ChannelContext, Outcome } from '#src/domain/channel.js'
import { type SinkReply, type SinkRequest, startWebhookSink } from '../webhook-sink.js'

/**
 * The far end of a kind, as its clients meet it: it refuses what the vendor refuses by its published schema, limits and
 * auth, and answers as the vendor does. The contract test runs every kind of THE list against its vendors.
 */
export interface Vendor {
  kind: string
  /** Tells apart the ways of a kind that has several: `bot`, `webhook`. */
  variant?: string
  /** Settings that work against `baseUrl`, with every secret set, and `CANARY` in it wherever its form allows. */
  settings: (baseUrl: string) => Record<string, unknown>
  /** An address that works, or null when the settings name the destination. */
  address: string | null
  /** Where the vendor drops or joins a repeat: what it knows a request by; undefined for a request that has none. */
  keyOf?: (request: SinkRequest) => unknown
  /** The vendor's answer: success, or the refusal this very request deserves. */
  answer: (request: SinkRequest) => SinkReply | Promise<SinkReply>
  /** All that the reader gets of a request, links and buttons included; null when it puts nothing before a reader. */
  read: (request: SinkRequest) => string | null
  /** What the vendor may say instead, and what it means: the error table, with one row at least about rates. */
  errors: VendorError[]
  /** How many letters of a very long text are shown at least. Default: half of `capabilities.textMax`. */
  textShownMin?: number
  /** Why a reader finds neither link nor button to acknowledge with, where that is so. */
  noAcknowledge?: string
}

export type VendorError = [
  name: string,
  reply: SinkReply,
  expected: { kind: Outcome['kind'] } & Record<string, unknown>,
]

/** A far end that is no HTTP server, or a stand-in of its own. */
export interface OwnVendor extends Pick<Vendor, 'kind' | 'variant' | 'address' | 'textShownMin' | 'noAcknowledge'> {
  start: () => Promise<Pick<RunningVendor, 'settings' | 'shown' | 'changes' | 'stop'>>
}

export interface RunningVendor {
  settings: Record<string, unknown>
  /** What readers got so far, in order. */
  shown: () => string[] | Promise<string[]>
  /** What it refused of its own accord: `400 {"error":…}`. Content must never get here. */
  refused: () => string[]
  /** What was asked of it, in order. */
  requests: SinkRequest[]
  /** Queues answers, used once each; null when the far end does not speak HTTP. */
  script: ((...replies: SinkReply[]) => void) | null
  /** What the context of a call lends, for kinds that need no far end. */
  changes: Partial<ChannelContext>
  stop: () => Promise<void>
}

export async function startVendor(vendor: Vendor | OwnVendor): Promise<RunningVendor> {
  if ('start' in vendor) {
    return { refused: () => [], requests: [], script: null, ...(await vendor.start()) }
  }
  const sink = await startWebhookSink()
  const shown: string[] = []
  const refused: string[] = []
  sink.replyWith(async (request) => {
    const reply = await vendor.answer(request)
    if ('status' in reply && reply.status < 300) {
      const text = vendor.read(request)
      if (text !== null) shown.push(text)
    } else {
      refused.push('status' in reply ? `${reply.status} ${reply.body ?? ''}` : reply.fault)
    }
    return reply
  })
  return {
    settings: vendor.settings(sink.url),
    shown: () => shown,
    refused: () => refused,
    requests: sink.requests,
    script: sink.script,
    changes: {},
    stop: sink.stop,
  }
}

/** A JSON answer, as most vendors give. */
export function replyJson(status: number, body: unknown, headers: Record<string, string> = {}): SinkReply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
}

/** Every text in a JSON value, one a line: what a reader may get of it. */
export function textsOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return ''
  return Object.values(value)
    .map(textsOf)
    .filter((text) => text !== '')
    .join('\n')
}
