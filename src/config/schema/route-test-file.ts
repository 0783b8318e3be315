import { z } from 'zod'
import { authVerdicts } from '../../domain/mail.js'
import { parseDuration } from '../../domain/units.js'
import { path, waitDuration } from './values.js'

const oneOrMoreTexts = z.union([z.string(), z.array(z.string()).min(1).max(1_000)])

const inlineMail = z.strictObject({
  from: z.string().min(1).max(320).optional().describe('The sender: From header and MAIL FROM.'),
  to: oneOrMoreTexts.optional().describe('The envelope recipients, and the To header.'),
  subject: z.string().max(10_000).optional().describe('The subject.'),
  text: z.string().max(1_000_000).optional().describe('The text part.'),
  html: z.string().max(1_000_000).optional().describe('The HTML part.'),
  headers: z.record(z.string().min(1).max(200), oneOrMoreTexts).optional().describe('More headers, by name.'),
  raw: z
    .string()
    .max(10_000_000)
    .optional()
    .describe('The whole mail as it came, in place of the other keys but from and to.'),
})

const textExpectation = z.union([
  z.string().min(1),
  z.strictObject({
    contains: oneOrMoreTexts.optional().describe('The text holds all of these.'),
    is: z.string().optional().describe('The text is exactly this.'),
  }),
])

const deliveryExpectation = z.strictObject({
  channel: z.string().min(1).describe('The channel.'),
  to: z.string().min(1).optional().describe('The recipient, or the address on the channel.'),
  title: textExpectation.optional().describe('The title; a plain text is the whole of it.'),
  text: textExpectation.optional().describe('The text; a plain text is the whole of it.'),
  run: z.int().min(1).optional().describe('Which run of the job makes it; the first is 1.'),
  after: waitDuration.optional().describe('An escalation: how long after the alert.'),
})

const expectedText = z.string().min(1).max(1_000)
/** A whole key, or its parts. */
const expectedKey = z.union([expectedText, z.array(expectedText).min(1).max(20)])
const keyExpectation = z.union([expectedText, z.literal(true), z.array(expectedText).min(1).max(20)])

const controlExpectation = z.strictObject({
  dedupe: keyExpectation.optional().describe('The key of a dedupe, or its parts; true: any.'),
  hold: keyExpectation.optional().describe('The key of a hold, or its parts; true: any.'),
  digest: keyExpectation.optional().describe('The key of a digest, or its parts; true: any.'),
})

const expectation = z.strictObject({
  routes: z.array(z.string().min(1)).optional().describe('The routes that match, all of them and no other.'),
  recipients: z.array(z.string().min(1)).optional().describe('Who is reached, over all routes.'),
  deliveries: z.array(deliveryExpectation).optional().describe('The deliveries that are planned.'),
  unrouted: z.boolean().optional().describe('true: no route matches.'),
  not: z.array(z.string().min(1)).optional().describe('Routes that must not match.'),
  controls: controlExpectation.optional().describe('What keeps a notification back, and under which key.'),
  resolves: z
    .array(expectedKey)
    .optional()
    .describe('Fingerprints and keys of holds that the mail closes, all of them.'),
})

const mailExpectations = ['routes', 'not', 'unrouted', 'controls', 'resolves'] as const

const httpMock = z
  .strictObject({
    status: z.int().min(100).max(599).optional().describe('The status. Default 200.'),
    json: z.unknown().optional().describe('The body, as JSON.'),
    text: z.string().optional().describe('The body, as text.'),
  })
  .refine(({ json, text }) => json === undefined || text === undefined, {
    error: 'a body is json or text, not both',
    params: { code: 'bad-mock' },
  })

const llmMock = z.union([
  z.boolean(),
  z
    .array(
      z.strictObject({
        contains: z.string().min(1).describe('A text in what the LLM would be sent.'),
        match: z.boolean().describe('The verdict when the text is found.'),
      }),
    )
    .min(1)
    .max(1_000),
])

const isTime = (text: string): boolean => /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text))
const time = z.string().refine(isTime, {
  error: 'a time is written 2026-03-07T12:00:00Z',
  params: { code: 'bad-time' },
})
const givenTime = z.string().refine((text) => isTime(text) || parseDuration(text.replace(/^[+-]/, '')) !== null, {
  error: 'a time is written 2026-03-07T12:00:00Z, or as what lies between it and now, such as -45m',
  params: { code: 'bad-time' },
})

const mail = z.union([path, inlineMail])

const verdict = z.enum(authVerdicts)
const foundAuth = z.strictObject({
  spf: verdict.optional().describe('Default none.'),
  dkim: verdict.optional().describe('Default none.'),
  dmarc: verdict.optional().describe('Default none.'),
})

const routeTest = z
  .strictObject({
    name: z.string().trim().min(1).max(300).describe('What the test shows.'),
    now: time.optional().describe('The time the test takes place at, in place of that of the file.'),
    mail: mail.optional().describe('An .eml file, or a mail written here.'),
    auth: foundAuth
      .optional()
      .describe('What the checks of the sender found, for conditions on "auth". Default: nobody asked.'),
    job: z.string().min(1).optional().describe('The job that runs, in place of a mail that comes in.'),
    given: z
      .array(
        z.strictObject({
          at: givenTime.describe('When it came in: -45m is 45 minutes before now, 5m is 5 minutes later.'),
          mail: mail.describe('An .eml file, or a mail written here.'),
        }),
      )
      .max(1_000)
      .optional()
      .describe('The mails in the archive. A run sees those that came before it.'),
    runs: z
      .strictObject({
        times: z.int().min(1).max(200).describe('How often it runs.'),
        every: waitDuration.describe('How much time passes between two runs.'),
      })
      .optional()
      .describe('How often the job runs. Default once, now.'),
    expect: expectation.describe('What has to come of it.'),
  })
  .refine((test) => (test.mail === undefined) !== (test.job === undefined), {
    error: 'a test has either a mail or a job',
    params: { code: 'missing-key' },
  })
  .refine(({ job, auth }) => job === undefined || auth === undefined, {
    error: '"auth" goes with a mail',
    params: { code: 'bad-test' },
  })
  .refine(({ job, given, runs }) => job !== undefined || (given === undefined && runs === undefined), {
    error: '"given" and "runs" go with a job',
    params: { code: 'bad-test' },
  })
  .refine(({ job, expect }) => job === undefined || !mailExpectations.some((key) => expect[key] !== undefined), {
    error: 'of a job, "deliveries" and "recipients" can be expected; routes are for mails',
    params: { code: 'bad-test' },
  })

/** The whole of a `*.test.yaml`. */
export const routeTestFile = z.strictObject({
  config: z
    .union([path, z.array(path).min(1)])
    .optional()
    .describe('The routes file or folder under test. Default routes.yaml beside this file.'),
  now: time.optional().describe('The time the tests take place at, such as 2026-03-07T12:00:00Z.'),
  mocks: z
    .strictObject({
      http: z
        .record(
          z.string().regex(/^[A-Z]+ https?:\/\/\S+$/, { error: 'an answer is named "GET http://host/path"' }),
          httpMock,
        )
        .optional()
        .describe('Answers to requests, by "METHOD url".'),
      llm: z.record(z.string().min(1), llmMock).optional().describe("The LLM's verdicts, by route or by prompt."),
    })
    .optional()
    .describe('What stands in for the network.'),
  tests: z.array(routeTest).min(1).max(10_000).describe('The tests.'),
})

export type RawRouteTestFile = z.output<typeof routeTestFile>
export type RawRouteTest = z.output<typeof routeTest>
