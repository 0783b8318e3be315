import { z } from 'zod'
import type { SinkRequest } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

const key = 'CANARY-0000-1111-2222-333333333333'

const responder = z.union([
  z.strictObject({ type: z.literal('user'), username: z.string().min(1) }),
  z.strictObject({ type: z.enum(['team', 'schedule', 'escalation']), name: z.string().min(1) }),
])

const alert = z.strictObject({
  message: z.string().min(1).max(130),
  alias: z.string().min(1).max(512),
  description: z.string().max(15_000),
  responders: z.array(responder).max(50),
  tags: z.array(z.string().min(1).max(50)).max(20),
  details: z.record(z.string(), z.string()).refine((details) => textsOf(Object.entries(details)).length <= 8_200),
  entity: z.string().max(512).optional(),
  source: z.string().max(100),
  priority: z.enum(['P1', 'P2', 'P3', 'P4', 'P5']),
})

const action = z.strictObject({ user: z.string().max(100), source: z.string().max(100), note: z.string().max(25_000) })

/** The alert API under its two addresses. It queues what it takes, also about alerts nobody knows. */
function genie(kind: string, root: string): Vendor {
  return {
    kind,
    address: null,
    settings: (baseUrl) => ({
      api_key: key,
      base_url: `${baseUrl}${root}`,
      responders: ['team:Operations', 'user:tim@mailtrigger.app'],
      tags: ['mail'],
    }),
    answer(request) {
      if (request.headers.authorization !== `GenieKey ${key}`) return refuse(401, 'Could not authenticate')
      if (request.method === 'GET' && request.path === `${root}/v2/alerts/requests/43a29c5c`) {
        return replyJson(200, {
          data: { isSuccess: true, action: 'Create', status: 'Created alert', alertId: '70413a06' },
        })
      }
      const schema = schemaOf(request, `${root}/v2/alerts`)
      if (schema === null) return refuse(404, 'not found')
      const { error } = schema.safeParse(request.json)
      if (error) return refuse(422, error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join(', '))
      return replyJson(202, { result: 'Request will be processed', took: 0.1, requestId: '43a29c5c' })
    },
    read: ({ method, path, json }) => (method === 'GET' || path.includes('?') ? null : textsOf(json)),
    keyOf: ({ json }) => (json as { alias?: unknown } | undefined)?.alias,
    errors: [
      ['a key nobody knows', refuse(401, 'Could not authenticate'), { kind: 'permanent', scope: 'channel' }],
      ['a key of another form', refuse(422, 'Key format is not valid!'), { kind: 'permanent', scope: 'channel' }],
      ['not in the plan', refuse(402, 'Your account cannot do this'), { kind: 'permanent', scope: 'channel' }],
      ['not allowed', refuse(403, 'Forbidden'), { kind: 'permanent', scope: 'channel' }],
      ['a wrong field', refuse(422, 'Request body is not processable'), { kind: 'permanent', scope: 'message' }],
      ['too large', refuse(413, 'Too large'), { kind: 'degrade', to: 'short' }],
      [
        'throttled',
        replyJson(429, { message: 'You are making too many requests!' }, { 'x-ratelimit-period-in-sec': '60' }),
        { kind: 'transient', waitMs: 60_000, waitScope: 'channel' },
      ],
      ['not the alert API', { status: 200, body: '<html>' }, { kind: 'unknown' }],
      ['down', refuse(503, 'Service Unavailable'), { kind: 'transient', waitMs: null }],
    ],
  }
}

export const opsgenie = genie('opsgenie', '')
export const jiraServiceManagement = genie('jira_service_management', '/jsm/ops/integration')

function schemaOf({ method, path }: SinkRequest, root: string) {
  if (method !== 'POST' || !path.startsWith(root)) return null
  const rest = path.slice(root.length)
  if (rest === '') return alert
  return /^\/[^/?]+\/(?:acknowledge|close)\?identifierType=alias$/.test(rest) ? action : null
}

function refuse(status: number, message: string) {
  return replyJson(status, { message, took: 0.1, requestId: '43a29c5c' })
}
