import type { Mail } from './mail.js'

/**
 * The own trace of a mail that gateways pass on: one line for each of them, oldest first, `<instance id>; <n>`. Whoever
 * finds its own id in what comes in has a loop before it. `Received` alone would end one only after fifty rounds, and a
 * mail that is composed anew has none of those of the mail before it.
 */
export const hopHeader = 'X-MailTrigger-Hop'
/** Gateways in a row. More of them are no way that anybody set up. */
export const gatewaysMax = 10

/** A line of the trace: which gateway, and its number on the way, from 1. */
export interface GatewayHop {
  instance: string
  n: number
}

/** What whoever mails on has to know of the mail a message was made of. */
export interface MailOrigin {
  /** The ids of the gateways it passed before this one, in order. */
  gateways: string[]
  /** A bounce or an automatic answer: what is made of it must never make another. */
  isBackscatter: boolean
  /** Where its sender wants answers; null when the mail names nobody. */
  replyTo: string | null
}

/** The lines of a header, as the mail has them; what is no line of ours is passed over, and so is a flood of them. */
export function readHops(values: readonly string[]): GatewayHop[] {
  return values.slice(0, 100).flatMap((value): GatewayHop[] => {
    const [, instance, n] = /^\s*([0-9a-z]{8,64})\s*;\s*([0-9]{1,6})\s*$/i.exec(value) ?? []
    return instance === undefined ? [] : [{ instance: instance.toLowerCase(), n: Number(n) }]
  })
}

/** The values of our lines for a mail that leaves `instance`: those of the gateways before it, and its own. */
export function writeHops(gateways: readonly string[], instance: string): string[] {
  return [...gateways.slice(-gatewaysMax), instance].map((id, index) => `${id}; ${index + 1}`)
}

/** Why a mail with these lines goes round in a loop, for its sender; null when it does not. */
export function explainLoop(hops: readonly GatewayHop[], instance: string): string | null {
  if (hops.some((hop) => hop.instance === instance)) return 'the mail has passed this gateway before'
  const passed = Math.max(hops.length, ...hops.map(({ n }) => n))
  return passed > gatewaysMax ? `the mail has passed more than ${gatewaysMax} gateways` : null
}

export function readOrigin(mail: Mail): MailOrigin {
  return {
    gateways: readHops(headerOf(mail, hopHeader)).map(({ instance }) => instance),
    isBackscatter: isBackscatter(mail),
    replyTo: readReplyTo(mail),
  }
}

/** Of what gathers several mails: it passed all the gateways that one of them passed, and answers nobody. */
export function joinOrigins(origins: readonly (MailOrigin | undefined)[]): MailOrigin {
  const known = origins.filter((origin) => origin !== undefined)
  return {
    gateways: [...new Set(known.flatMap(({ gateways }) => gateways))].slice(-gatewaysMax),
    isBackscatter: known.some((origin) => origin.isBackscatter),
    replyTo: null,
  }
}

/**
 * Automatic answers say so (RFC 3834 5, and the headers from before it). A bounce has the null sender (RFC 5321 4.5.5),
 * but so have alerts of some programs: it is one only if it is a report, comes from a mail system, or names addresses
 * that failed. Alerts are `auto-generated` themselves, so that word says nothing.
 */
function isBackscatter(mail: Mail): boolean {
  const says = (name: string, pattern: RegExp) => headerOf(mail, name).some((value) => pattern.test(value))
  if (says('Auto-Submitted', /^\s*auto-replied\b/i)) return true
  if (says('X-Autoreply', /\S/) || says('X-Autorespond', /\S/)) return true
  if (mail.envelope.from !== '') return false
  const sender = mail.from[0]?.address ?? ''
  return (
    says('Content-Type', /^\s*multipart\/report\b/i) ||
    says('X-Failed-Recipients', /\S/) ||
    /^(?:mailer-daemon|postmaster)(?:@|$)/i.test(sender)
  )
}

/** Reply-To where it names exactly one address, else the author. Only what is safe to write into a header counts. */
function readReplyTo(mail: Mail): string | null {
  const values = headerOf(mail, 'Reply-To')
  const named = values.length === 1 ? (values[0]?.match(/[^\s<>,;:"()]{1,200}@[^\s<>,;:"()]{1,200}/g) ?? []) : []
  const candidates = [named.length === 1 ? named[0] : undefined, mail.from[0]?.address]
  return candidates.find((address) => address !== undefined && isPlainAddress(address)) ?? null
}

function isPlainAddress(address: string): boolean {
  return /^[!-~]{1,64}@[!-~]{1,255}$/.test(address) && !/[<>,;:"()[\]\\]|@.*@/.test(address)
}

function headerOf(mail: Mail, name: string): string[] {
  const key = name.toLowerCase()
  return Object.hasOwn(mail.headers, key) ? (mail.headers[key] ?? []) : []
}
