import type { Form, HttpAnswer, Outcome } from '../domain/channel.js'
import { strangeAnswer } from './call-vendor.js'
import {
  type OutcomeFacts,
  permanentFromAnswer,
  tooLongFromAnswer,
  transientFromAnswer,
} from './outcome-from-answer.js'

type Scope = 'message' | 'address' | 'channel'

/** SNS API Reference, "Publish" (its error codes) and "Common Errors". A code that is not here counts by its HTTP status. */
const scopeOfCode = new Map<string, Scope>([
  ['AccessDenied', 'channel'],
  ['AccessDeniedException', 'channel'],
  ['AuthorizationError', 'channel'],
  ['ExpiredToken', 'channel'],
  ['ExpiredTokenException', 'channel'],
  ['IncompleteSignature', 'channel'],
  ['InvalidClientTokenId', 'channel'],
  ['InvalidSecurity', 'channel'],
  ['KMSAccessDenied', 'channel'],
  ['KMSDisabled', 'channel'],
  ['KMSInvalidState', 'channel'],
  ['KMSNotFound', 'channel'],
  ['KMSOptInRequired', 'channel'],
  ['MissingAuthenticationToken', 'channel'],
  ['NotFound', 'channel'],
  ['NotAuthorized', 'channel'],
  ['OptInRequired', 'channel'],
  ['PlatformApplicationDisabled', 'channel'],
  // The clock of this machine is wrong.
  ['RequestExpired', 'channel'],
  ['SignatureDoesNotMatch', 'channel'],
  ['UnrecognizedClientException', 'channel'],
  ['EndpointDisabled', 'address'],
  ['InvalidParameter', 'message'],
  ['ParameterValueInvalid', 'message'],
  ['ValidationException', 'message'],
])

const transientCodes = /^(?:Throttl|KMSThrottling|RequestLimitExceeded|ServiceUnavailable|Internal(?:Error|Failure))/

/** XML either way: `<MessageId>`, or `<Code>` and `<Message>` of an error. */
export function readSnsAnswer(answer: HttpAnswer, form: Form, facts: OutcomeFacts): Outcome | null {
  if (answer.status >= 200 && answer.status < 300) {
    const id = /<MessageId>([\w-]{1,100})<\/MessageId>/.exec(answer.text)?.[1]
    if (id === undefined) return strangeAnswer('Amazon SNS')
    return { kind: 'accepted', remote: { message_id: id }, statusCode: answer.status, text: `message ${id}` }
  }
  const code = /<Code>([\w.]{1,100})<\/Code>/.exec(answer.text)?.[1]
  if (code === undefined) return null
  const words = /<Message>([^<]{0,1000})/.exec(answer.text)?.[1] ?? ''
  const said = { ...answer, text: `${code} ${words}` }
  if (transientCodes.test(code)) return transientFromAnswer(said, facts)
  if (/message too long/i.test(words)) return tooLongFromAnswer(said, form, facts)
  if (/phone ?number|opted out/i.test(words)) return permanentFromAnswer(said, 'address', facts)
  if (/TopicArn|topic name/i.test(words)) return permanentFromAnswer(said, 'channel', facts)
  const scope = scopeOfCode.get(code)
  return scope === undefined ? null : permanentFromAnswer(said, scope, facts)
}
