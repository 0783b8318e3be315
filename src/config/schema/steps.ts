import { z } from 'zod'
import { condition } from './conditions.js'
import {
  digestTime,
  keyPart,
  labels,
  name,
  oneOrMore,
  recipient,
  template,
  text,
  timezone,
  variableName,
  waitDuration,
} from './values.js'

const recipients = oneOrMore(recipient)
const key = z.union([keyPart, z.array(keyPart).min(1).max(20)])

const textFieldNames = ['subject', 'body', 'html', 'from', 'to', 'rcpt', 'rcpt_key', 'sender', 'user'] as const

const extraction = z.strictObject({
  from: z
    .union([
      z.enum(textFieldNames),
      z.strictObject({ header: z.string().min(1).max(200).describe('The name of a header.') }),
      z.strictObject({ attachment: z.enum(['filename', 'content_type']).describe('A part of an attachment.') }),
    ])
    .describe('Where to look: a field of the mail, or { header: X-Name }.'),
  regex: text.describe('RE2 pattern; its first group, or the whole match, becomes the variable.'),
})

const setTexts = z.strictObject({
  title: template.optional().describe('The title (Liquid).'),
  text: template.optional().describe('The text (Liquid).'),
  severity: template.optional().describe('critical, error, warning, info or resolved (Liquid).'),
  event: template.optional().describe('The name of the event (Liquid).'),
  fingerprint: template.optional().describe('What later mails of the same thing share (Liquid).'),
  labels: labels.optional().describe('Labels to add (values are Liquid).'),
})

/** The file's word. Under a name of its own, because an object literal with a method-like "then" reads as a promise. */
const escalationKey = 'then'

const escalation = z.strictObject({
  after: waitDuration.describe('How long to wait for an acknowledgement.'),
  send: oneOrMore(name).describe('The channel to escalate to, or several: the first that reaches the person.'),
  to: recipients
    .optional()
    .describe('Whom to escalate to; manager stands for the managers of the recipients. Default: the recipients.'),
})

const sendOptions = z.strictObject({
  channel: oneOrMore(name).describe('The channel, or several: the first that reaches the person.'),
  to: recipients.optional().describe('Recipients for this send only: mail addresses and groups.'),
  template: template.optional().describe('The text of this send (Liquid).'),
  repeat: z
    .strictObject({
      every: waitDuration.describe('How long to wait between repeats.'),
      times: z.int().min(1).max(1_000).optional().describe('How many repeats. Default: as many as fit in a day.'),
      until: z.literal('acknowledged').optional().describe('Stop repeating once a person acknowledged: always so.'),
    })
    .optional()
    .describe('Sends again until somebody acknowledges.'),
  [escalationKey]: z
    .union([escalation, z.array(escalation).min(1).max(20)])
    .optional()
    .describe('Escalates when nobody acknowledges: one step, or a list of them.'),
  ack: z
    .boolean()
    .optional()
    .describe('The message carries a way to acknowledge it. Default: when it repeats or escalates.'),
  during: name.optional().describe('A calendar; outside of its hours the message waits.'),
})

const stepKeys = {
  attach: z
    .union([
      name,
      z.strictObject({
        lookup: name.describe('The lookup to fetch.'),
        if_missing: recipients.optional().describe('Recipients when the lookup has no usable data.'),
      }),
    ])
    .describe('Fetches a lookup and attaches it as <name>.json, for actions and templates.'),
  extract: z.record(variableName, extraction).describe('Takes variables out of the mail.'),
  run: name.describe('Runs an action.'),
  recipients: z
    .union([
      recipient,
      z.array(recipient).min(1).max(1_000),
      z.strictObject({
        lookup: name.describe('The lookup that knows the recipients.'),
        key: template.describe('The key in it (Liquid).'),
        if_missing: recipients.optional().describe('Recipients when the key is not in it.'),
        also: z.literal('manager').optional().describe('Add the managers of the recipients.'),
      }),
    ])
    .describe('Replaces the recipients: mail addresses, groups, or what a lookup says.'),
  set: setTexts.describe('Sets parts of the message (Liquid).'),
  llm: z
    .strictObject({
      prompt: text.describe('What the LLM is asked to do.'),
      set: z
        .array(z.enum(['title', 'text', 'recipients', 'severity']))
        .optional()
        .describe('What it may set.'),
      attach_as: z.string().min(1).max(100).optional().describe('Attach its answer under this name.'),
      can_stop: z.boolean().optional().describe('It may stop the route.'),
    })
    .describe('Lets the LLM rewrite the message.'),
  dedupe: z
    .strictObject({
      key: key.describe('What makes two notifications the same: fields, variables, or Liquid.'),
      for: waitDuration.describe('For how long a repeat is suppressed.'),
    })
    .describe('Suppresses repeats, and counts them.'),
  hold: z
    .strictObject({
      for: waitDuration.describe('How long to wait; at most 7d.'),
      key: key.describe('What the later mail has in common: fields, variables, or Liquid.'),
      unless: condition.describe('What the later mail has to meet.'),
    })
    .refine(({ unless }) => Object.keys(unless).length > 0, {
      path: ['unless'],
      error: 'the condition holds for every mail: write what the mail says that comes when all is well again',
      params: { code: 'empty-condition' },
    })
    .describe('Waits, and sends only if no later mail with the same key meets a condition.'),
  digest: z
    .strictObject({
      key: key
        .optional()
        .describe('What is gathered together: fields, variables, or Liquid. Default: all of the route.'),
      every: waitDuration.optional().describe('How long the first of a digest waits for others.'),
      at: digestTime.optional().describe('When a digest goes out: 09:00, mon 09:00 or mon-fri 09:00.'),
      timezone: timezone.optional().describe('The time zone of "at". Default UTC.'),
      send_empty: z.boolean().optional().describe('Send a digest with nothing in it, too. Default false.'),
    })
    .refine(({ every, at }) => (every === undefined) !== (at === undefined), {
      error: 'a digest has either every or at',
      params: { code: 'bad-digest' },
    })
    .describe('Gathers notifications into one.'),
  send: z
    .union([name, z.array(name).min(1).max(100), sendOptions])
    .describe('Sends: a channel, or a list of which the first that reaches the person is used.'),
  resolve: z
    .union([z.literal(true), z.string().min(1).max(10_000)])
    .describe('Closes what an earlier mail with this fingerprint (Liquid) opened; true takes the own fingerprint.'),
  stop: z.literal(true).describe('Ends the steps of this route here.'),
}

export const stepVerbs = Object.keys(stepKeys) as (keyof typeof stepKeys)[]

/** One verb a step. A map of optional verbs, not a union, so that a misspelt verb is told from a misused one. */
const stepMap = z
  .strictObject(stepKeys)
  .partial()
  .refine((step) => Object.values(step).filter((value) => value !== undefined).length === 1, {
    error: `a step is one verb: ${stepVerbs.join(', ')}`,
    params: { code: 'bad-step' },
  })
  .meta({ minProperties: 1, maxProperties: 1 })

export const step = z.union([z.enum(['stop', 'resolve']), stepMap]).meta({ id: 'step' })
export type RawStep = z.output<typeof step>
export type RawStepMap = z.output<typeof stepMap>
export type RawExtraction = z.output<typeof extraction>
export type RawSendOptions = z.output<typeof sendOptions>
export type RawEscalation = z.output<typeof escalation>
