import { z } from 'zod'
import { authVerdicts } from '../../domain/mail.js'
import { llmFields } from '../../domain/route.js'
import { cidr, clockRange, daySpan, name, oneOrMore, size, text, timezone } from './values.js'

const exactText = z.string().max(10_000)

const anyText = z.strictObject({
  is: oneOrMore(exactText).optional().describe('The whole text is one of these.'),
  contains: oneOrMore(text).optional().describe('One of these is somewhere in the text.'),
  starts_with: oneOrMore(text).optional().describe('The text starts with one of these.'),
  ends_with: oneOrMore(text).optional().describe('The text ends with one of these.'),
  matches: oneOrMore(text)
    .optional()
    .describe('One of these regular expressions (RE2 syntax) matches; named groups become variables.'),
  case_sensitive: z.boolean().optional().describe('Compare with upper and lower case told apart. Default false.'),
  get not() {
    return z.union([exactText, textTest]).optional().describe('Holds when this does not.')
  },
})

/** The operators on a text; several of them mean AND. */
export const textTest: z.ZodType<RawTextTest> = anyText
  .refine(({ case_sensitive: _, ...operators }) => hasAny(operators), {
    error: 'the condition compares with nothing: write is, contains, starts_with, ends_with, matches or not',
    params: { code: 'empty-condition' },
  })
  .meta({ id: 'text_test' })

export interface RawTextTest {
  is?: string | string[] | undefined
  contains?: string | string[] | undefined
  starts_with?: string | string[] | undefined
  ends_with?: string | string[] | undefined
  matches?: string | string[] | undefined
  case_sensitive?: boolean | undefined
  not?: string | RawTextTest | undefined
}

/** A plain text, any of a list, operators, or whether there is one at all. */
export type RawText = string | string[] | RawTextTest
export type RawPresence = RawText | boolean

const textCondition = z.union([text, z.array(text).min(1).max(1_000), textTest])
const addressCondition = z.union([exactText, z.array(exactText).min(1).max(1_000), textTest])
const presenceCondition = z.union([z.boolean(), text, z.array(text).min(1).max(1_000), textTest])

const llmCondition = z.strictObject({
  prompt: z.string().min(1).max(8_000).describe('The question; the route matches when the answer is yes.'),
  fields: z
    .array(z.enum(llmFields))
    .min(1)
    .optional()
    .describe('What the LLM is shown of the mail. Default [subject, body].'),
  on_error: z
    .enum(['match', 'no_match', 'retry'])
    .optional()
    .describe(
      'What holds when the LLM gives no answer. Default match, and no_match in "unless" and "expect": an alert too many beats a lost one.',
    ),
})

const wasmCondition = z.strictObject({
  module: name.describe('The name of an action: one of "actions", or an uploaded one.'),
  on_error: z
    .enum(['match', 'no_match'])
    .optional()
    .describe(
      'What holds when the module fails. Default match, and no_match in "unless" and "expect": an alert too many beats a lost one.',
    ),
})

const timeCondition = z.strictObject({
  days: oneOrMore(daySpan).optional().describe('Days of the week, such as [sat, sun] or mon-fri.'),
  between: clockRange.optional().describe('Hours of the day, such as 09:00-18:00; a span over midnight is allowed.'),
  timezone: timezone.optional().describe('The time zone of days and hours. Default UTC.'),
})

const verdicts = oneOrMore(z.enum(authVerdicts))

const authCondition = z
  .strictObject({
    spf: verdicts.optional().describe('What SPF says of the client and the envelope sender.'),
    dkim: verdicts.optional().describe('What the signatures say; pass when one of them holds.'),
    dmarc: verdicts.optional().describe('Whether SPF or DKIM vouches for the domain in the From header.'),
  })
  .refine(hasAny, {
    error: 'the condition compares with nothing: write spf, dkim or dmarc',
    params: { code: 'empty-condition' },
  })

const sizeCondition = z.strictObject({
  over: size.optional().describe('The mail is larger than this.'),
  under: size.optional().describe('The mail is smaller than this.'),
})

/** A map of conditions: all of them have to hold. */
export const condition: z.ZodType<RawCondition> = z
  .strictObject({
    get all() {
      return z.array(condition).max(1_000).optional().describe('All of these hold.')
    },
    get any() {
      return z.array(condition).min(1).max(1_000).optional().describe('At least one of these holds.')
    },
    get not() {
      return condition.optional().describe('This does not hold.')
    },
    subject: textCondition.optional().describe('The subject. A plain text is searched for anywhere in it.'),
    body: textCondition.optional().describe('The text of the mail, or text made from its HTML.'),
    html: textCondition.optional().describe('The HTML of the mail.'),
    from: addressCondition.optional().describe('The From header. A plain text is an address with * globs.'),
    to: addressCondition.optional().describe('The To and Cc headers. A plain text is an address with * globs.'),
    rcpt: addressCondition
      .optional()
      .describe('The envelope recipients: what the service was told to send to. devops+db@… is devops@… too.'),
    rcpt_key: presenceCondition
      .optional()
      .describe('The key of an envelope recipient, db of devops+db@…, with * globs; true means there is one.'),
    sender: addressCondition.optional().describe('The envelope sender (MAIL FROM); "" is the sender of bounces.'),
    header: z
      .record(z.string().min(1).max(200), presenceCondition)
      .optional()
      .describe('Other headers by name; true means the header is there.'),
    attachment: z
      .union([
        z.boolean(),
        z
          .strictObject({
            filename: textCondition.optional().describe('The name of an attachment.'),
            content_type: textCondition.optional().describe('The content type of an attachment.'),
          })
          .refine(hasAny, {
            error: 'the condition compares with nothing: write filename or content_type, or "attachment: true"',
            params: { code: 'empty-condition' },
          }),
      ])
      .optional()
      .describe('An attachment; true means there is one.'),
    size: sizeCondition.optional().describe('The size of the whole mail.'),
    auth: authCondition
      .optional()
      .describe('Who sent the mail, as far as that can be proved; needs server.smtp.sender_auth.'),
    client: oneOrMore(cidr).optional().describe('The address of the client that sent the mail, as ranges.'),
    user: presenceCondition.optional().describe('The AUTH name, with * globs; true means the client logged in.'),
    time: timeCondition.optional().describe('When the mail was received.'),
    llm: z
      .union([z.string().min(1).max(8_000), llmCondition])
      .optional()
      .describe('A question to the LLM; asked last, and only if all else holds.'),
    wasm: z
      .union([name, wasmCondition])
      .optional()
      .describe('A WASM module that exports "match": the name of an action; asked only if all cheap conditions hold.'),
  })
  .meta({ id: 'condition' })

export interface RawCondition {
  all?: RawCondition[] | undefined
  any?: RawCondition[] | undefined
  not?: RawCondition | undefined
  subject?: RawText | undefined
  body?: RawText | undefined
  html?: RawText | undefined
  from?: RawText | undefined
  to?: RawText | undefined
  rcpt?: RawText | undefined
  rcpt_key?: RawPresence | undefined
  sender?: RawText | undefined
  header?: Record<string, RawPresence> | undefined
  attachment?: boolean | { filename?: RawText | undefined; content_type?: RawText | undefined } | undefined
  size?: z.output<typeof sizeCondition> | undefined
  auth?: z.output<typeof authCondition> | undefined
  client?: string | string[] | undefined
  user?: RawPresence | undefined
  time?: z.output<typeof timeCondition> | undefined
  llm?: string | z.output<typeof llmCondition> | undefined
  wasm?: string | z.output<typeof wasmCondition> | undefined
}

function hasAny(values: object): boolean {
  return Object.values(values).some((value) => value !== undefined)
}
