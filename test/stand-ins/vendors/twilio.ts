import type { SinkReply, SinkRequest } from '../webhook-sink.js'
import { replyJson, type VendorError } from './vendor.js'

export const twilioAccount = 'AC0123456789abcdef0123456789abcdef'

export const twilioSettings = (baseUrl: string) => ({
  account_sid: twilioAccount,
  auth_token: 'CANARY-token',
  base_url: baseUrl,
})

export function fieldsOf({ body }: SinkRequest): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(body))
}

/** Twilio's own refusals, as it words them. */
export function refuseAtTwilio(status: number, code: number, message = 'no'): SinkReply {
  return replyJson(status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status })
}

/** What Twilio checks of any call: method, path, form encoding, and who calls; null when that is fine. */
export function judgeTwilioCall(request: SinkRequest, what: 'Messages' | 'Calls'): SinkReply | null {
  const { method, path, headers, body } = request
  const basic = `Basic ${Buffer.from(`${twilioAccount}:CANARY-token`).toString('base64')}`
  if (headers.authorization !== basic) return refuseAtTwilio(401, 20003, 'Authenticate')
  if (method !== 'POST' || path !== `/2010-04-01/Accounts/${twilioAccount}/${what}.json`) {
    return refuseAtTwilio(404, 20404, 'The requested resource was not found')
  }
  if (headers['content-type'] !== 'application/x-www-form-urlencoded') return refuseAtTwilio(400, 21604)
  // Half a surrogate pair, or bytes that are not UTF-8, arrive as this.
  return body.includes('%ED%A0') ? refuseAtTwilio(400, 21602) : null
}

export const acceptMessage = (): SinkReply =>
  replyJson(201, { sid: 'SM0123456789abcdef0123456789abcdef', status: 'queued', error_code: null, num_segments: '1' })

export const twilioErrors: VendorError[] = [
  ['wrong token', refuseAtTwilio(401, 20003, 'Authenticate'), { kind: 'permanent', scope: 'channel' }],
  ['no such account', refuseAtTwilio(404, 20404), { kind: 'permanent', scope: 'channel' }],
  ['not a number', refuseAtTwilio(400, 21211), { kind: 'permanent', scope: 'address' }],
  ['a sender that is not ours', refuseAtTwilio(400, 21606), { kind: 'permanent', scope: 'channel' }],
  ['a trial account', refuseAtTwilio(400, 21608), { kind: 'permanent', scope: 'address' }],
  ['STOP', refuseAtTwilio(400, 21610), { kind: 'permanent', scope: 'address' }],
  ['a landline', refuseAtTwilio(400, 21614), { kind: 'permanent', scope: 'address' }],
  ['no body', refuseAtTwilio(400, 21602), { kind: 'permanent', scope: 'message' }],
  ['too long', refuseAtTwilio(400, 21617), { kind: 'degrade', to: 'short' }],
  ['too many', refuseAtTwilio(429, 20429), { kind: 'transient', waitMs: null, waitScope: 'channel' }],
  ['a code nobody knows', refuseAtTwilio(400, 29999), { kind: 'permanent', scope: 'message' }],
  ['down', { status: 503, body: '<html>' }, { kind: 'transient', waitMs: null }],
  ['not Twilio', { status: 200, body: '<html>' }, { kind: 'unknown' }],
]
