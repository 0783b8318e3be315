import { z } from 'zod'

/** An http or https URL that can be called. */
export const httpUrl = z
  .string()
  .max(2_000)
  .refine((text) => /^https?:\/\//i.test(text) && URL.canParse(text), 'must be an http or https URL')

/** The root of a vendor's API, for self-hosted servers, proxies and stand-ins; the trailing slash goes. */
export const baseUrl = httpUrl
  .transform((text) => text.replace(/\/$/, ''))
  .describe("The root of the API: for a server of one's own, a region, or a proxy.")

/** `local@domain`, without anything that could be taken for a second address or a header. */
export const mailAddress = z
  .string()
  .max(320)
  .regex(/^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/, 'must be a mail address')

/** Text that YAML may have read as a number: `chat_id: -100123`. */
export function textOrNumber(schema: z.ZodType<string, string>): z.ZodType<string> {
  return z.union([z.string(), z.number().int()]).transform(String).pipe(schema)
}
