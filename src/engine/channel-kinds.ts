import { z } from 'zod'
import { channelLimits } from '../config/schema/channel-limits.js'
import type { ChannelCapabilities, ChannelKind, SetupGuide } from '../domain/channel.js'

/** What a form for a channel of this kind needs to know. */
export interface KindLine {
  kind: string
  label: string
  description: string
  guide: SetupGuide
  /** JSON Schema (2020-12) of the kind's own settings. */
  settings: Record<string, unknown>
  /** JSON Schema of what any channel takes beside them. */
  limits: Record<string, unknown>
  /** Dotted names of the settings that are sealed, and never shown. */
  secrets: string[]
  /** How an address of a person looks; null when the channel only has a place of its own. */
  address_hint: string | null
  /** Whether only its owner and the vendor may know an address. */
  has_secret_addresses: boolean
  capabilities: ChannelCapabilities
  acknowledged_by: NonNullable<ChannelKind['acknowledgedBy']>
  /** Settings as one would write them; what is secret is null. */
  example: { settings: Record<string, unknown>; address: string | null }
}

export function describeKind(kind: ChannelKind): KindLine {
  const { label, description, guide, secrets, capabilities, address, example, acknowledgedBy = 'link' } = kind
  return {
    kind: kind.kind,
    label,
    description,
    guide,
    settings: toSchema(kind.settings),
    limits: toSchema(channelLimits),
    secrets,
    address_hint: address?.hint ?? null,
    has_secret_addresses: address?.mask !== undefined,
    capabilities,
    acknowledged_by: acknowledgedBy,
    example: { settings: example?.settings ?? {}, address: example?.address ?? null },
  }
}

/** Of what is entered; a check that no schema can say is left out of it, and made when the settings come. */
function toSchema(schema: z.ZodType): Record<string, unknown> {
  const made = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  // What comes with it for use in the program cannot cross threads.
  return JSON.parse(JSON.stringify(made)) as Record<string, unknown>
}
