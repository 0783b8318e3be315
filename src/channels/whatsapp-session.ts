import type { ChannelContext } from '../domain/channel.js'
import type { WhatsappSettings } from './whatsapp-settings.js'

/** WhatsApp, "Customer service windows": so long after their last message, readers may be written to freely. */
const sessionMs = 24 * 3_600_000
/** A message takes its time, and clocks differ. */
const marginMs = 300_000

/** By which a session is known: a number of ours, and that of the reader like `+4915112345678`. */
export function placeOf(reader: string, { phone_number_id = '' }: Pick<WhatsappSettings, 'phone_number_id'>): string {
  return `${phone_number_id}/${reader}`
}

/** Whether free text would go through; null when nothing is known. */
export async function isSessionOpen(
  place: string,
  { readSession, now }: Pick<ChannelContext, 'readSession' | 'now'>,
): Promise<boolean | null> {
  const known = await readSession(place)
  if (known === null) return null
  return known.isOpen && now() - known.at < sessionMs - marginMs
}
