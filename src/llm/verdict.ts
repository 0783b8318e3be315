import { z } from 'zod'
import { LlmError } from '../domain/errors.js'

export interface Verdict {
  match: boolean
  /** At most 200 characters on one line. */
  reason: string
}

const reasonLengthMax = 200
/** A verdict is short; whatever is longer is something else. */
const answerLengthMax = 8_000

const verdictSchema = z.object({ match: z.boolean(), reason: z.string().default('') })

/** The same shape for endpoints that hold a model to a schema. */
export const verdictJsonSchema = {
  type: 'object',
  properties: { match: { type: 'boolean' }, reason: { type: 'string' } },
  required: ['match', 'reason'],
  additionalProperties: false,
}

/**
 * Reads a model's answer. Endpoints accept a schema and ignore it, so the answer may stand in a code fence; anything
 * but one JSON object with a boolean `match` is `LlmError('unparsable')`, since a guess would be the model's, not ours.
 */
export function readVerdict(answer: string): Verdict {
  const verdict = verdictSchema.safeParse(parseJson(answer))
  if (!verdict.success) throw new LlmError('unparsable', 'the answer is not a verdict')
  const { match, reason } = verdict.data
  const line = reason.replace(/[\p{Cc}\p{Cf}\p{Cs}\s]+/gu, ' ').trim()
  return { match, reason: line.length > reasonLengthMax ? `${line.slice(0, reasonLengthMax - 1)}…` : line }
}

function parseJson(answer: string): unknown {
  if (answer.length > answerLengthMax) throw new LlmError('unparsable', 'the answer is too long for a verdict')
  const [, fenced] = /^```(?:json)?\s(.*)```$/s.exec(answer.trim()) ?? []
  try {
    return JSON.parse(fenced ?? answer)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
