import { z } from 'zod'
import { replyJson, textsOf, type Vendor } from './vendor.js'

const routingKey = 'R0CANARY000000000000000000000000'

const event = z.strictObject({
  routing_key: z.string(),
  event_action: z.enum(['trigger', 'acknowledge', 'resolve']),
  dedup_key: z.string().min(1).max(255),
  client: z.string().optional(),
  client_url: z.url().optional(),
  payload: z
    .strictObject({
      summary: z.string().min(1).max(1_024),
      source: z.string().min(1),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      timestamp: z.iso.datetime().optional(),
      component: z.string().optional(),
      group: z.string().optional(),
      class: z.string().optional(),
      custom_details: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
  links: z.array(z.strictObject({ href: z.url(), text: z.string() })).optional(),
})

/** Events API v2. It takes acknowledgements and ends of what it does not know, too. */
export const pagerduty: Vendor = {
  kind: 'pagerduty',
  address: null,
  settings: (baseUrl) => ({ routing_key: routingKey, base_url: baseUrl }),
  answer({ method, path, json, bytes }) {
    if (method !== 'POST' || path !== '/v2/enqueue') return replyJson(404, { status: 'not found' })
    if (bytes.length > 524_288) return { status: 413, body: 'Request Entity Too Large' }
    const { data, error } = event.safeParse(json)
    if (error) return refuse(error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`))
    if (data.routing_key !== routingKey) return { status: 400, body: 'Invalid routing key' }
    if (data.event_action === 'trigger' && !data.payload) return refuse(["'payload' is missing"])
    return replyJson(202, { status: 'success', message: 'Event processed', dedup_key: data.dedup_key })
  },
  read: ({ json }) => ((json as { event_action: string }).event_action === 'trigger' ? textsOf(json) : null),
  keyOf: ({ json }) => (json as { dedup_key?: unknown }).dedup_key,
  errors: [
    ['invalid event', refuse(["'payload.severity' is invalid"]), { kind: 'permanent', scope: 'message' }],
    ['a key nobody knows', { status: 400, body: 'Invalid routing key' }, { kind: 'permanent', scope: 'channel' }],
    ['a key of another form', refuse(["Length of 'routing_key' is 31"]), { kind: 'permanent', scope: 'channel' }],
    ['forbidden', { status: 403 }, { kind: 'permanent', scope: 'channel' }],
    ['too large', { status: 413 }, { kind: 'degrade', to: 'short' }],
    ['throttled', { status: 429 }, { kind: 'transient', waitMs: 30_000, waitScope: 'channel' }],
    ['down', { status: 500 }, { kind: 'transient' }],
    ['not PagerDuty', { status: 200, body: '<html>' }, { kind: 'unknown' }],
  ],
}

function refuse(errors: string[]) {
  return replyJson(400, { status: 'invalid event', message: 'Event object is invalid', errors })
}
