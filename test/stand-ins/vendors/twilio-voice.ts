import type { SinkReply } from '../webhook-sink.js'
import { fieldsOf, judgeTwilioCall, refuseAtTwilio, twilioErrors, twilioSettings } from './twilio.js'
import { replyJson, type Vendor } from './vendor.js'

/** The Calls resource: TwiML of at most 4,000 characters, which has to be XML of known verbs. */
export const twilioVoice: Vendor = {
  kind: 'twilio_voice',
  settings: (baseUrl) => ({ ...twilioSettings(baseUrl), from: '+15005550006' }),
  address: '+4915112345678',
  answer(request) {
    const { To = '', From = '', Twiml = '' } = fieldsOf(request)
    const refused = judgeTwilioCall(request, 'Calls')
    if (refused) return refused
    if (!/^\+[1-9]\d{6,14}$/.test(To)) return refuseAtTwilio(400, 21211)
    if (!/^\+[1-9]\d{6,14}$/.test(From)) return refuseAtTwilio(400, 21212)
    return Twiml.length <= 4_000 && isTwiml(Twiml) ? acceptCall() : refuseAtTwilio(400, 21205, 'invalid TwiML')
  },
  read: (request) => readTwiml(fieldsOf(request).Twiml ?? ''),
  errors: [
    ...twilioErrors,
    ['a country that is not enabled', refuseAtTwilio(400, 21215), { kind: 'permanent', scope: 'address' }],
  ],
  textShownMin: 200,
}

const text = '(?:[^<>&"\\u0000-\\u0008\\u000b-\\u001f\\ufffe\\uffff]|&(?:amp|lt|gt|quot);)'
const verb = `(?:\\s\\w+="${text}*")*`
const say = `<Say${verb}>${text}+</Say>`
const twiml = new RegExp(`^<Response><Pause${verb}/>(?:${say}|<Gather${verb}>${say}</Gather>)</Response>$`, 'u')

export function isTwiml(xml: string): boolean {
  return twiml.test(xml)
}

/** What is said, and where keys go. */
function readTwiml(xml: string): string {
  const said = /<Say[^>]*>([^<]*)</.exec(xml)?.[1] ?? ''
  const action = /action="([^"]*)"/.exec(xml)?.[1] ?? ''
  return `${unescapeXml(said)}\n${decodeURIComponent(unescapeXml(action))}`
}

export function unescapeXml(text: string): string {
  return text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&')
}

function acceptCall(): SinkReply {
  return replyJson(201, { sid: 'CA0123456789abcdef0123456789abcdef', status: 'queued' })
}
