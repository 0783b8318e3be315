import type { SinkReply, SinkRequest } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

const instanceId = '8f9a6e22-2483-49aa-8552-125f1a4c5781'
const publishes = `/publish_api/v1/instances/${instanceId}/publishes`

export const beamsUsers: Vendor = {
  kind: 'pusher_beams',
  variant: 'users',
  address: 'tim@mailtrigger.app',
  settings: (baseUrl) => ({ base_url: baseUrl, instance_id: instanceId, secret_key: 'CANARY' }),
  answer: (request) => answer(request, 'users', ({ users }) => isSame(users, ['tim@mailtrigger.app'])),
  read: ({ json }) => textsOf(json),
  errors: [
    ['bad request', refuse(400, 'Bad request'), { kind: 'permanent', scope: 'message' }],
    ['wrong key', refuse(401, 'Unauthorized'), { kind: 'permanent', scope: 'channel' }],
    ['unknown instance', refuse(404, 'Instance not found'), { kind: 'permanent', scope: 'channel' }],
    ['too large', refuse(413, 'Payload too large'), { kind: 'degrade', to: 'short' }],
    ['invalid', refuse(422, 'Unprocessable'), { kind: 'permanent', scope: 'message' }],
    [
      'rate limit',
      { status: 429, headers: { 'retry-after': '9' } },
      { kind: 'transient', waitMs: 9_000, waitScope: 'channel' },
    ],
    ['down', { status: 503 }, { kind: 'transient', waitMs: null }],
    ['not Beams', { status: 200, body: '<html>' }, { kind: 'unknown' }],
  ],
}

export const beamsInterests: Vendor = {
  ...beamsUsers,
  variant: 'interests',
  address: null,
  settings: (baseUrl) => ({ ...beamsUsers.settings(baseUrl), interests: ['alerts', 'db;eu'] }),
  answer: (request) => answer(request, 'interests', ({ interests }) => isSame(interests, ['alerts', 'db;eu'])),
}

type Body = Record<string, unknown>

function answer({ path, headers, json }: SinkRequest, to: string, isTarget: (body: Body) => boolean): SinkReply {
  if (path !== `${publishes}/${to}`) return refuse(404, 'Instance not found')
  if (headers.authorization !== 'Bearer CANARY') return refuse(401, 'Unauthorized')
  const { web, fcm, apns, ...rest } = (json ?? {}) as Body
  if (!isTarget(rest)) return refuse(422, 'no target')
  // What each network carries at most.
  const isSmall = [web, fcm, apns].every((one) => Buffer.byteLength(JSON.stringify(one ?? {})) <= 4_096)
  const alerts = [web, fcm].map((one) => (one as { notification?: unknown } | undefined)?.notification)
  const shown = [...alerts, (apns as { aps?: { alert?: unknown } } | undefined)?.aps?.alert]
  const isShown = shown.every((alert) => {
    const { title, body } = (alert ?? {}) as Body
    return [title, body].every((text) => typeof text === 'string' && text.trim() !== '')
  })
  return isSmall && isShown ? replyJson(200, { publishId: 'pubid-1' }) : refuse(422, 'invalid')
}

function isSame(given: unknown, expected: string[]): boolean {
  return JSON.stringify(given) === JSON.stringify(expected)
}

function refuse(status: number, error: string): SinkReply {
  return replyJson(status, { error, description: 'No.' })
}
