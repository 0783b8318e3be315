import { expect } from 'vitest'
import type { ChannelContext, ChannelKind, Outcome } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import type { OwnVendor, RunningVendor, Vendor } from '../stand-ins/vendors/vendor.js'
import { makeContext, makeMessage } from './context.js'

export type Verb = 'send' | 'resolve' | 'update'

export const outcomeKinds = ['delivered', 'accepted', 'permanent', 'transient', 'unknown', 'retarget', 'degrade']

export const ack = { url: 'https://alerts.example/ack/CANARY-link', data: 'ack:01JDELIVERY.CANARY' }

/** One kind against one of its vendors. Whatever comes out of it has no secret in it, and words of bearable length. */
export interface VendorCase {
  kind: ChannelKind
  vendor: Vendor | OwnVendor
  running: RunningVendor
  outbound: Outbound
}

export async function perform(
  { kind, vendor, running, outbound }: VendorCase,
  message: Message,
  changes: Partial<ChannelContext> = {},
  verb: Verb = 'send',
): Promise<Outcome> {
  const act = kind[verb]
  if (!act) throw new Error(`${kind.kind} has no ${verb}`)
  const settings = kind.settings.parse(running.settings)
  const outcome = await act(
    message,
    vendor.address,
    settings,
    makeContext(outbound, { ...running.changes, ...changes }),
  )
  expect(outcomeKinds).toContain(outcome.kind)
  const told = JSON.stringify(outcome)
  for (const secret of ['CANARY', ...secretsOf(kind, running.settings)]) expect(told).not.toContain(secret)
  expect(outcome.text.length).toBeLessThanOrEqual(1_000)
  return outcome
}

/** Performs what has to be taken, and says what the vendor had against it when it was not. */
export async function deliver(
  given: VendorCase,
  message: Message,
  changes: Partial<ChannelContext> = {},
  verb: Verb = 'send',
): Promise<Record<string, string>> {
  const outcome = await perform(given, message, changes, verb)
  if (outcome.kind === 'delivered' || outcome.kind === 'accepted') return outcome.remote
  expect.fail(`${verb} is ${JSON.stringify(outcome)}: ${given.running.refused().at(-1) ?? 'nothing was refused'}`)
}

export async function lastShown({ running }: VendorCase): Promise<string> {
  return (await running.shown()).at(-1) ?? ''
}

/** Everything a kind can do with a message. Without `resolve` or `update` the program does without. */
export function verbsOf(kind: ChannelKind): Verb[] {
  return (['send', 'resolve', 'update'] as const).filter((verb) => kind[verb] !== undefined)
}

/** Sends an alert, and gives what a follow-up is told of it. */
export function sendAlert(given: VendorCase): Promise<Record<string, string>> {
  return deliver(given, makeMessage(), { ack })
}

/** The values of the settings that must never be shown. */
export function secretsOf(kind: ChannelKind, settings: Record<string, unknown>): string[] {
  return kind.secrets.flatMap((name) => textsIn(name.split('.').reduce(pick, settings)))
}

function pick(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}
