import { z } from 'zod'
import { textOrNumber } from './settings.js'

/** A number in international form (ITU-T E.164). YAML reads one without quotes as a number and drops its plus. */
export const phoneNumber = textOrNumber(
  z.string().regex(/^\+?[1-9]\d{6,14}$/, 'must be a phone number in international form like +4915112345678'),
)

export const phoneHint = 'a phone number in international form like +4915112345678'

/** `+4915112345678`; null when it is no phone number. */
export function readPhoneNumber(text: string | null | undefined): string | null {
  const read = phoneNumber.safeParse(text)
  return read.success ? `+${read.data.replace('+', '')}` : null
}
