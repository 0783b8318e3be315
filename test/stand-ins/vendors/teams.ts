import type { SinkReply } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

const path = '/workflows/0a1b/triggers/manual/paths/invoke'
const query = 'api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=CANARY-signature'

const textStyles = new Set(['type', 'text', 'wrap', 'weight', 'size', 'isSubtle'])
const containerStyles = new Set(['default', 'emphasis', 'accent', 'good', 'warning', 'attention'])

interface Element {
  type: string
  text?: unknown
  style?: string
  items?: Element[]
}

/** A workflow with the trigger "When a Teams webhook request is received". The query is signed byte for byte. */
export const teams: Vendor = {
  kind: 'teams',
  address: null,
  settings: (baseUrl) => ({ webhook_url: `${baseUrl}${path}?${query}` }),
  answer(request) {
    if (request.path !== `${path}?${query}`) return refuse(401, 'DirectApiAuthorizationRequired')
    // Teams counts a request as about a fifth larger than it is.
    if (request.bytes.length * 1.2 > 28_672) return { status: 413 }
    const envelope = request.json as { type?: string; attachments?: { contentType: string; content: unknown }[] }
    const [card] = envelope?.attachments ?? []
    const isEnvelope = envelope?.type === 'message' && card?.contentType === 'application/vnd.microsoft.card.adaptive'
    return isEnvelope && isCard(card.content) ? { status: 202 } : refuse(400, 'TriggerInputSchemaMismatch')
  },
  read: ({ json }) => textsOf(json).replace(/\\(?=[!-/:-@[-`{-~])/g, ''),
  errors: [
    [
      'the signature is missing',
      refuse(401, 'DirectApiAuthorizationRequired'),
      { kind: 'permanent', scope: 'channel' },
    ],
    ['the flow is off', refuse(400, 'WorkflowTriggerIsNotEnabled'), { kind: 'permanent', scope: 'channel' }],
    ['the flow is gone', refuse(404, 'WorkflowNotFound'), { kind: 'permanent', scope: 'channel' }],
    ['the schema does not fit', refuse(400, 'TriggerInputSchemaMismatch'), { kind: 'permanent', scope: 'message' }],
    ['too large', { status: 413 }, { kind: 'degrade', to: 'short' }],
    [
      'throttled',
      { status: 429, headers: { 'retry-after': '21' } },
      { kind: 'transient', waitMs: 21_000, waitScope: 'channel' },
    ],
    ['throttled without a wait', { status: 429 }, { kind: 'transient', waitMs: null }],
    ['down', { status: 504 }, { kind: 'transient' }],
    ['queued', { status: 202 }, { kind: 'accepted' }],
  ],
}

function refuse(status: number, code: string): SinkReply {
  return replyJson(status, { error: { code, message: `The request cannot be run: ${code}.` } })
}

/** What of Adaptive Cards 1.4 Teams is sent here: containers, texts, and buttons that open a URL. */
function isCard(card: unknown): boolean {
  const { type, version, body, actions } = card as Record<string, unknown>
  if (type !== 'AdaptiveCard' || version !== '1.4' || !Array.isArray(body) || !Array.isArray(actions)) return false
  return body.length > 0 && body.every(isElement) && actions.length <= 6 && actions.every(isOpenUrl)
}

function isElement(element: Element): boolean {
  if (element.type === 'Container') {
    return containerStyles.has(element.style ?? 'default') && (element.items ?? []).every(isElement)
  }
  const isText = element.type === 'TextBlock' && typeof element.text === 'string' && element.text.trim() !== ''
  return isText && Object.keys(element).every((name) => textStyles.has(name))
}

function isOpenUrl({ type, title, url }: Record<string, string>): boolean {
  return type === 'Action.OpenUrl' && title !== '' && URL.canParse(url ?? '')
}
