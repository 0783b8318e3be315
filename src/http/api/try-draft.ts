import { createRoute, z } from '@hono/zod-openapi'
import { type TrialMails, trialMailsMax } from '../../engine/draft-calls.js'
import type { ApiParts } from '../api.js'
import { TrialAnswer } from '../schema/trial.js'
import { answer, createRoutes, jsonBody, operation } from './operation.js'

const yaml = z.string().max(256_000)
const address = z.string().max(320)
const body = z
  .object({
    text: yaml.optional().describe('Stands in for the files that have the routes.'),
    files: z
      .array(z.object({ file: z.string().min(1).max(255), text: yaml }))
      .min(1)
      .max(50)
      .optional()
      .describe('Stand in for the files of the same names, and beside the others.'),
    ids: z.array(z.string().max(64)).min(1).max(trialMailsMax).optional().describe('Stored mails.'),
    newest: z.number().int().min(1).max(trialMailsMax).optional().describe('So many of the newest mails.'),
    raw: z.string().min(1).max(2_000_000).optional().describe('A mail as it would come, headers and body.'),
    from: address.optional().describe('With `raw`: the envelope sender. Default: the From header.'),
    to: z.array(address).max(100).optional().describe('With `raw`: the envelope recipients. Default: To and Cc.'),
    llm: z.boolean().default(false).describe('Asks the LLM where no verdict is known; that costs, and counts.'),
  })
  .refine(({ text, files }) => (text === undefined) !== (files === undefined), 'either "text" or "files"')
  .refine(
    ({ ids, newest, raw }) => [ids, newest, raw].filter((choice) => choice !== undefined).length === 1,
    'one of "ids", "newest" and "raw"',
  )

const tryDraft = createRoute({
  method: 'post',
  path: '/try',
  ...operation('operator', 'routes', 'Tries a config that does not run on mails, without any effect', {
    description:
      'Nothing is sent, kept or counted. `$' +
      '{VAR}`, secret files, lookups and modules are those of the config in force only.',
    request: { body: jsonBody(body) },
  }),
  responses: answer(TrialAnswer, 'What is wrong with the draft, or what it makes of each mail and what differs'),
})

export function tryDraftRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(tryDraft, async (c) => {
    const { text, files, llm, ...mails } = c.req.valid('json')
    const draft = files ? { files } : { text: text ?? '' }
    return c.json(await calls.tryDraft({ draft, mails: chooseMails(mails), askLlm: llm }), 200)
  })
  return routes
}

function chooseMails({ ids, newest, raw, from, to }: Partial<z.output<typeof body>>): TrialMails {
  if (ids) return { ids }
  if (newest !== undefined) return { newest }
  // Bytes of a mail travel in JSON as text; SMTP has CRLF (RFC 5321 section 2.3.8).
  const bytes = new TextEncoder().encode((raw ?? '').replace(/\r?\n/g, '\r\n'))
  return { raw: bytes, from: from ?? null, to: to ?? null }
}
