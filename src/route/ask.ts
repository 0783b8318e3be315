import { LlmError, SandboxError } from '../domain/errors.js'
import type { Mail } from '../domain/mail.js'
import type { LlmNode, WasmNode } from './compile-condition.js'
import type { EvaluationContext } from './evaluate.js'
import { readLlmContent } from './read-field.js'
import { excerpt, excerptList } from './seen.js'

/** Conditions that are answered from outside this program: only when the verdict depends on them. */
export type QuestionNode = LlmNode | WasmNode

/** `value` is null when the question stays open, to be put again. */
export interface Answer {
  value: boolean | null
  seen: string | null
  reason: string
}

/** Rejects only when the signal fires or something other than the LLM fails. */
export async function askLlm(node: LlmNode, mail: Mail, context: EvaluationContext): Promise<Answer> {
  const content = readLlmContent(mail, node.fields)
  const seen = excerptList(Object.values(content))
  try {
    if (context.judgeByLlm === null) throw new LlmError('not_configured', 'no LLM is configured')
    const verdict = await context.judgeByLlm({ prompt: node.prompt, content }, context.signal)
    const reason = `${verdict.model}${verdict.cached ? ', cached verdict' : ''}: ${verdict.reason}`
    return { value: verdict.match, seen, reason }
  } catch (error) {
    if (!(error instanceof LlmError)) throw error
    const value = node.onError === 'retry' ? null : node.onError === 'match'
    const reason = `LLM ${error.kind.replace('_', ' ')} (${error.message}), so on_error: ${node.onError}`
    return { value, seen, reason }
  }
}

/**
 * A module that fails matches unless the rule says otherwise: an alert too many beats a lost one. Rejects when the
 * program is stopping, so that the mail is routed by the next one instead.
 */
export async function askWasm(node: WasmNode, mail: Mail, context: EvaluationContext): Promise<Answer> {
  try {
    const { match, reason, sha256 } = await context.judgeByWasm({ module: node.module, mail }, context.signal)
    const version = `sha256 ${sha256.slice(0, 12)}`
    return { value: match, seen: null, reason: reason === null ? version : `${excerpt(reason)} (${version})` }
  } catch (error) {
    if (!(error instanceof SandboxError) || error.kind === 'closed') throw error
    const reason = `the module failed (${error.kind}: ${excerpt(error.message)}), so on_error: ${node.onError}`
    return { value: node.onError === 'match', seen: null, reason }
  }
}
