import type { LlmField } from './route.js'

/** A yes-or-no question about a mail, put to the LLM. */
export interface LlmQuestion {
  prompt: string
  /** Only what the rule names is sent. */
  content: Partial<Record<LlmField, string>>
}

export interface LlmVerdict {
  match: boolean
  /** The model's words, at most 200 characters. */
  reason: string
  cached: boolean
  model: string
  durationMs: number
}

/** Answers or rejects with `LlmError`. */
export type JudgeByLlm = (question: LlmQuestion, signal: AbortSignal) => Promise<LlmVerdict>
