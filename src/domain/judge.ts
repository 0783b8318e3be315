import type { Mail } from './mail.js'
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

/** A yes-or-no question about a mail, put to a module that exports `match`. */
export interface WasmQuestion {
  /** The name of an action of the config, or of an uploaded one. */
  module: string
  mail: Mail
}

export interface WasmVerdict {
  match: boolean
  /** The module's words, or null when it gave none. */
  reason: string | null
  /** Which version answered. */
  sha256: string
}

/** Answers or rejects with `SandboxError`. */
export type JudgeByWasm = (question: WasmQuestion, signal: AbortSignal) => Promise<WasmVerdict>
