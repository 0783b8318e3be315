import type { z } from 'zod'
import type { ChatSession, LateResult } from './late-result.js'
import type { Mail } from './mail.js'
import type { Message } from './message.js'

/**
 * What became of one attempt. "2xx" alone is not delivery on many vendors, so a channel never answers with a boolean.
 * Every `text` is for people: the vendor's words, at most 1,000 characters, without any secret.
 */
export type Outcome =
  | { kind: 'delivered' | 'accepted'; remote: Record<string, string>; statusCode: number | null; text: string }
  /** Never: bad content (`message`), a recipient that is gone (`address`), or credentials that fail (`channel`). */
  | { kind: 'permanent'; scope: 'message' | 'address' | 'channel'; statusCode: number | null; text: string }
  /** Later: `waitMs` when the vendor said how long, and `waitScope` for what: this delivery, the address, the channel. */
  | { kind: 'transient'; waitMs: number | null; waitScope: WaitScope; statusCode: number | null; text: string }
  /** The answer was lost after the request had gone out: it may or may not have arrived. */
  | { kind: 'unknown'; text: string }
  /** The recipient moved; send there from now on. */
  | { kind: 'retarget'; address: string; text: string }
  /** The vendor refuses this form: send again at once, simpler. */
  | { kind: 'degrade'; to: 'plain' | 'short' | 'no_attachment'; statusCode: number | null; text: string }

/** What a vendor's limit is about: everything behind the same limit has to wait, or it would only be refused, too. */
export type WaitScope = 'delivery' | 'address' | 'channel'

/** How a channel renders a message this time; a `degrade` outcome moves one step down. */
export type Form = 'full' | 'plain' | 'short' | 'no_attachment'

/** What a channel is given beside the message. It never reaches for anything else. */
export interface ChannelContext {
  /** The one HTTP client: keep-alive, timeouts, byte limits, network policy. */
  request: HttpRequest
  /** The same client behind the WHATWG interface, for vendor libraries that want one. */
  fetch: typeof fetch
  /** For protocols other than HTTP, which connect to one of these addresses and never to the name. */
  resolveHost: ResolveHost
  /** Fires at the attempt's deadline and at shutdown. */
  signal: AbortSignal
  /** Unix milliseconds. */
  now: () => number
  form: Form
  /** The same for every attempt of a delivery: the idempotency key where the vendor has one. */
  deliveryId: string
  attempt: number
  /** The mail with its attachments' bytes, for channels that forward them. Read only when asked for. */
  loadMail: () => Promise<Mail>
  /** The mail's bytes as they came in, for channels that forward the original. Read only when asked for. */
  loadRaw: () => Promise<Uint8Array>
  /** Writes into the built-in inbox; only the `inbox` channel uses it. */
  saveToInbox: (entry: { recipient: string | null; message: Message }) => Promise<string>
  /** Writes a line to the program's log; only the `log` channel uses it. */
  log: (line: string, facts: Record<string, unknown>) => void
  /** The host name mails and user agents name us by. */
  hostname: string
  /** This gateway among others: what mails on says it in `hopHeader`. */
  instance: string
  /** How the reader may acknowledge; null when nobody waits for it. */
  ack: AckOffer | null
  /** `https://…/hooks/<channel>`, where a vendor's call of this channel reaches us; null when there is no public URL. */
  hookUrl: string | null
  /** What a vendor that signs nothing has to say to the hook. */
  hookSecret: string
  /** What is known of a session (see `ListenContext.onSession`), or null. */
  readSession: (place: string) => Promise<ChatSession | null>
  /** Set for `resolve` and `update`, and for repeats: what was sent before, by the vendor's ids. */
  sent: Record<string, string> | null
  /** What later messages of the same thing share: the dedup key of vendors that have one. */
  fingerprint: string
}

export interface AckOffer {
  /** A signed page of ours, or null when `server.http.public_url` is not set. */
  url: string | null
  /** What a button of the vendor carries back to us: signed, at most 64 bytes of ASCII. */
  data: string
}

/** Somebody pressed a button of a message. */
export interface ButtonPress {
  data: string
  /** Where it was pressed: has to be where the message went. */
  address: string
  /** `telegram:Tim`, for the record. */
  by: string
}

/** Somebody opened a link that connects an address to a person, or asks how to. */
export interface LinkAttempt {
  /** As it came, forged or not; null when there is none. */
  code: string | null
  /** Where it came from, as addresses are written. */
  address: string
  /** True where others read along: such a place is nobody's own. */
  isShared: boolean
  /** `telegram:Tim`, for the record. */
  by: string
}

/** A chat in which somebody wrote to the channel, whatever they wrote. */
export interface HeardChat {
  /** As addresses are written. */
  address: string
  /** Its name there, for people. */
  title: string
  isShared: boolean
}

/** What a person opens to link an address of theirs, or why there is nothing to open. */
export type LinkOffer =
  | { ok: true; url: string }
  /** `isClear`: it will not pass by itself. */
  | { ok: false; problem: string; isClear: boolean }

/** What a channel that hears its readers is given. */
export interface ListenContext {
  fetch: typeof fetch
  signal: AbortSignal
  now: () => number
  /** `https://…/hooks/<channel>`, or null when there is no public URL. */
  hookUrl: string | null
  /** Signed by us: a caller of the hook has to know it. */
  hookSecret: string
  /** Acknowledges, and answers with the words to show: who did, or why not. */
  onPress: (press: ButtonPress) => Promise<string>
  /** Uses the code up, and answers with the words to say there: whose alerts come, or why not. Null says nothing. */
  onLink: (attempt: LinkAttempt) => Promise<string | null>
  /** Says where somebody wrote: who sets the channel up looks for the address of a chat. */
  onChat: (chat: HeardChat) => void
  /** Says that readers are not heard at the moment, and why; null that they are. Shown with the channel. */
  onProblem: (problem: string | null) => void
  /**
   * Takes what became of a message later. One of a delivery that nobody knows, or that does not stand as sent any
   * more, changes nothing. Rejects with `ApiError` (503) while the send itself is still under way, with `StoreError`
   * when it could not be kept: the vendor is to say it again.
   */
  onResult: (result: LateResult) => Promise<void>
  /** Keeps whether a reader may be written to freely; `place` names them as the channel likes. */
  onSession: (place: string, isOpen: boolean) => Promise<void>
}

/** What a vendor sent to `/hooks/<channel>`, by POST, or by GET without a body. */
export interface HookCall {
  headers: Record<string, string>
  /** As it is in the URL, from its question mark on; empty when there is none. */
  query: string
  body: string
}

/** What the vendor is told, as plain text. */
export interface HookAnswer {
  status: number
  text: string
}

export interface HttpAnswer {
  status: number
  headers: Record<string, string>
  /** At most `maxBytes` of the body, decoded as UTF-8. */
  text: string
  /** True when the body was longer than `maxBytes`. */
  truncated: boolean
}

export interface HttpCall {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'
  url: string
  headers?: Record<string, string>
  body?: string | Uint8Array
  signal?: AbortSignal
  /** Whole-call deadline. Default 15,000. */
  timeoutMs?: number
  /** Bytes of the answer to read. Default 65,536. */
  maxBytes?: number
  /** How many redirects to follow. Default 0: a redirect is an answer like any other. */
  maxRedirects?: number
}

/** Throws `OutboundError` when there is no HTTP answer; any status is an answer. */
export type HttpRequest = (call: HttpCall) => Promise<HttpAnswer>

export interface HostAddress {
  address: string
  family: 4 | 6
}

/**
 * Resolves a host once, and gives the addresses that the network policy allows, in the order to try them: at least one.
 * The port only names the target in errors. Throws `OutboundError`, of kind `policy` when every address is denied.
 */
export type ResolveHost = (host: string, port: number, signal?: AbortSignal) => Promise<HostAddress[]>

export interface ChannelCapabilities {
  textMax: number
  textUnit: 'code_points' | 'utf16' | 'bytes' | 'sms_segments'
  dialect: Dialect
  attachments: boolean
  /** True when the vendor drops a repeat carrying the same key. */
  idempotent: boolean
}

/** How a kind writes what people read. */
export type Dialect =
  | 'plain'
  | 'html'
  | 'json'
  | 'common_mark'
  | 'telegram_html'
  | 'slack_mrkdwn'
  | 'discord_markdown'
  | 'adaptive_card'
  | 'google_chat'
  | 'matrix_html'
  | 'pushover_html'
  | 'sms'
  | 'spoken'

/**
 * One kind of channel. It never retries, never logs, holds no state, and never lets a secret into an outcome's text:
 * retries, waits and records are the delivery loop's.
 */
export interface ChannelKind<Settings = unknown> {
  kind: string
  label: string
  /** One sentence for docs and `channels list`. */
  description: string
  guide: SetupGuide
  /** The vendor's fields, beside `kind`. `base_url` is in every kind that calls a vendor over HTTP. */
  settings: z.ZodType<Settings>
  /**
   * How an address in `people` looks, or null when `people` has none for this kind. With null the channel delivers
   * once, to its own `destination`; when that is null too (the inbox), it delivers to every recipient by the mail
   * address itself: `send` gets the recipient as `address`, and no `people` entry is needed.
   */
  address: {
    schema: z.ZodType<string>
    hint: string
    /** True when a recipient without an entry for the channel is reached at the mail address itself. */
    defaultsToMail?: boolean
    /** Shows an address that only its owner and the vendor may know. Without it, addresses are shown as they are. */
    mask?: (address: string) => string
  } | null
  /**
   * The channel's own destination, named for people and without secrets (`hooks.slack.com`, never the whole URL), or
   * null when it delivers to each recipient's address.
   */
  destination: (settings: Settings) => string | null
  /** Dotted names of settings that must never be shown. */
  secrets: string[]
  capabilities: ChannelCapabilities
  /** How a reader acknowledges; by a link in the message when nothing is said. */
  acknowledgedBy?: 'link' | 'button' | 'vendor' | 'nobody'
  /** Whether a reader's answer reaches us also where nobody can reach us, as we ask for it. Without it, it does not. */
  asksForAnswers?: (settings: Settings) => boolean
  /**
   * For the docs: settings and an address as one would write them, null for what comes from a variable. Without
   * settings, those that are needed.
   */
  example?: { settings?: Record<string, unknown>; address?: string }
  /** At most this many attempts of one channel at a time. */
  concurrency: number
  /** The vendor's published limits, for the whole channel and for one address of it; null where there is none. */
  rates: { channel: Rate | null; address: Rate | null }
  send: (message: Message, address: string | null, settings: Settings, context: ChannelContext) => Promise<Outcome>
  /** Tells that it is over: by the vendor's own call, or by a reply to what was sent. Without it, `send` is used. */
  resolve?: ChannelKind<Settings>['send']
  /** Changes the message that was sent, to show who acknowledged it. Without it nothing is shown there. */
  update?: ChannelKind<Settings>['send']
  /**
   * What is sent again is the same thing there (an incident, a topic), or a program hears of the change: one update is for
   * all of them. Else each message is changed.
   */
  updatesOnce?: boolean
  /**
   * How a person links an address of theirs: answers the URL that brings `code` (16 to 64 of A-Z, a-z, 0-9, `_`, `-`)
   * from the person's own app to `listen` or `takeHook`, and from there to `onLink`.
   */
  link?: (settings: Settings, code: string, context: Pick<ListenContext, 'fetch' | 'signal'>) => Promise<LinkOffer>
  /**
   * Channels with the same key hear the same buttons (two channels of one bot, say): only one of them may listen, and
   * hears for all. Without it, or with null, each channel listens for itself.
   */
  listenKey?: (settings: Settings) => string | null
  /** Whether the hook takes calls also where no route offers to acknowledge: what became of messages, above all. */
  hearsResults?: (settings: Settings) => boolean
  /** Whether it tells `onChat` while it listens. Without it, it does not. */
  hearsChats?: (settings: Settings) => boolean
  /** Hears the readers' buttons and links until the signal fires. Never rejects but for programmer errors. */
  listen?: (settings: Settings, context: ListenContext) => Promise<void>
  /** One call of the vendor to our hook; what it says is verified here. False refuses it, a text is the answer. */
  takeHook?: (call: HookCall, settings: Settings, context: ListenContext) => Promise<boolean | string>
}

/** How one gets what the settings ask for. Backticks stand around what is written as it is. */
export interface SetupGuide {
  /** In their order. */
  steps: string[]
  /** What goes wrong most often, or what one has to know. */
  note: string | null
}

/** At most `count` in any `perMs`. */
export interface Rate {
  count: number
  perMs: number
}

/** Where an acknowledgement is shown: in each message that was sent there, or once for all of them. */
export type AckDisplay = 'each' | 'once'

/** A configured channel: a kind with its settings, under the name the file gives it. */
export interface Channel {
  name: string
  kind: ChannelKind
  settings: unknown
  /** See `ChannelKind.destination`. */
  destination: string | null
  limits: ChannelLimits
  template: ChannelTemplate | null
}

/** How a channel says it (Liquid), where the `send` has no template of its own; null leaves that part as it is. */
export interface ChannelTemplate {
  title: string | null
  text: string | null
}

/** What the file says of any channel, beside the settings of its kind. */
export interface ChannelLimits {
  /** Instead of the vendor's `rates.channel`. */
  rate: Rate | null
  /** Deliveries a day, from midnight to midnight UTC; what is above waits for the next day. */
  perDayMax: number | null
  retryMs: number[] | null
  retryWindowMs: number | null
}
