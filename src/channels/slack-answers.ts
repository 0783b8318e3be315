import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import { type OutcomeFacts, outcomeFromAnswer } from './outcome-from-answer.js'
import { parseJson } from './parse-json.js'
import { redactText } from './redact-text.js'

type Scope = 'message' | 'address' | 'channel'

/** What Slack's error words mean for a delivery. A word that is not here counts as temporary: it may be a new one. */
const scopeOfWord = new Map<string, Scope>([
  ['invalid_payload', 'message'],
  ['no_text', 'message'],
  ['too_many_attachments', 'message'],
  ['msg_too_long', 'message'],
  ['msg_blocks_too_long', 'message'],
  ['invalid_blocks', 'message'],
  ['invalid_blocks_format', 'message'],
  ['message_not_found', 'message'],
  ['cant_update_message', 'message'],
  ['edit_window_closed', 'message'],
  ['cannot_reply_to_message', 'message'],
  ['thread_not_found', 'message'],
  ['restricted_action_thread_locked', 'message'],
  ['channel_not_found', 'address'],
  ['channel_is_archived', 'address'],
  ['is_archived', 'address'],
  ['not_in_channel', 'address'],
  ['user_not_found', 'address'],
  ['users_not_found', 'address'],
  ['user_disabled', 'address'],
  ['cannot_dm_bot', 'address'],
  ['messages_tab_disabled', 'address'],
  ['restricted_action', 'address'],
  ['no_service', 'channel'],
  ['no_active_hooks', 'channel'],
  ['no_team', 'channel'],
  ['team_disabled', 'channel'],
  ['action_prohibited', 'channel'],
  ['posting_to_general_channel_denied', 'channel'],
  ['invalid_token', 'channel'],
  ['invalid_auth', 'channel'],
  ['not_authed', 'channel'],
  ['account_inactive', 'channel'],
  ['token_revoked', 'channel'],
  ['token_expired', 'channel'],
  ['missing_scope', 'channel'],
  ['no_permission', 'channel'],
  ['ekm_access_denied', 'channel'],
])

/** Incoming webhooks answer `200 ok`, or an error status with the word as plain text. */
export function readWebhookAnswer(answer: HttpAnswer, form: ChannelContext['form'], facts: OutcomeFacts): Outcome {
  const word = answer.text.trim().toLowerCase()
  if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
    const outcome = outcomeFromWord(word, answer.status, form, facts)
    if (outcome) return outcome
  }
  return outcomeFromAnswer(answer, facts)
}

/** The Web API says 200 to everything and the truth in the body: `{ ok, ts, channel }` or `{ ok: false, error }`. */
export function readBotAnswer(answer: HttpAnswer, form: ChannelContext['form'], facts: OutcomeFacts): Outcome {
  if (answer.status !== 200) return outcomeFromAnswer(answer, facts)
  const body = botAnswer.safeParse(parseJson(answer.text))
  if (!body.success) return { kind: 'unknown', text: 'the answer was not one of the Slack API' }
  const { ok, error, ts, channel } = body.data
  if (ok)
    return {
      kind: 'delivered',
      remote: { ts: ts ?? '', channel: channel ?? '' },
      statusCode: 200,
      text: `message ${ts}`,
    }
  const word = error ?? 'unknown_error'
  const retried = { ...answer, status: word === 'ratelimited' ? 429 : 503, text: word }
  return outcomeFromWord(word, answer.status, form, facts) ?? outcomeFromAnswer(retried, facts)
}

const botAnswer = z.object({
  ok: z.boolean(),
  error: z.string().optional(),
  ts: z.string().optional(),
  channel: z.string().optional(),
})

function outcomeFromWord(
  word: string,
  statusCode: number,
  form: ChannelContext['form'],
  facts: OutcomeFacts,
): Outcome | null {
  const scope = scopeOfWord.get(word)
  if (scope === undefined) return null
  const text = redactText(`Slack says ${word}`, facts.secrets)
  if (word.startsWith('invalid_blocks') && form === 'full') return { kind: 'degrade', to: 'plain', statusCode, text }
  if (word.startsWith('msg_') && form !== 'short') return { kind: 'degrade', to: 'short', statusCode, text }
  return { kind: 'permanent', scope, statusCode, text }
}
