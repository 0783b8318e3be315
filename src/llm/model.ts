import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai'
import type { ChatCompletionCreateParamsNonStreaming } from 'openai/resources/chat/completions'
import type { LlmSettings } from '../domain/config.js'
import { LlmError } from '../domain/errors.js'
import { type Dialect, firstDialect, simplifyDialect } from './dialect.js'
import type { ChatMessages } from './question.js'
import { verdictJsonSchema } from './verdict.js'

export interface Model {
  /** The model's answer as text. Rejects with `LlmError`, or with the signal's reason when that fires. */
  complete: (messages: ChatMessages, signal: AbortSignal) => Promise<string>
}

/** Enough for a reasoning model's thoughts, which count too; the verdict itself takes fifty. */
const answerTokensMax = 2_000
/** Four steps down from the fullest dialect, one repeat after a passing failure, and the call itself. */
const attemptsMax = 6

/**
 * Makes a client of an OpenAI-compatible chat endpoint (https://platform.openai.com/docs/api-reference/chat/create).
 * `timeout` in the settings bounds one `complete`, all its attempts together. Errors never carry the key, the request or
 * the vendor's error object.
 */
export function createModel(settings: LlmSettings, fetch: typeof globalThis.fetch): Model {
  const { baseUrl, apiKey, timeoutMs } = settings
  // Local servers need no key, but the library insists on one. Null keeps it from reading the environment.
  const client = new OpenAI({
    apiKey: apiKey === '' ? 'none' : apiKey,
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    baseURL: baseUrl,
    timeout: timeoutMs,
    maxRetries: 0,
    logLevel: 'off',
    fetch,
  })
  let dialect = firstDialect

  async function complete(messages: ChatMessages, signal: AbortSignal): Promise<string> {
    let spoken = dialect
    let repeated = false
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await client.chat.completions.create(writeRequest(settings.model, messages, spoken), { signal })
        dialect = spoken
        return readAnswer(answer)
      } catch (error) {
        const simpler = isRefusedRequest(error) ? simplifyDialect(spoken, error.message) : null
        const repeat: boolean = !repeated && isPassing(error)
        if (attempt >= attemptsMax || (simpler === null && !repeat)) throw error
        repeated ||= repeat
        spoken = simpler ?? spoken
      }
    }
  }

  return {
    async complete(messages, signal) {
      const deadline = AbortSignal.timeout(timeoutMs)
      try {
        return await complete(messages, AbortSignal.any([signal, deadline]))
      } catch (error) {
        signal.throwIfAborted()
        if (deadline.aborted) throw new LlmError('timeout', `no answer within ${timeoutMs} ms`)
        throw toLlmError(error, settings)
      }
    },
  }
}

function writeRequest(model: string, messages: ChatMessages, dialect: Dialect): ChatCompletionCreateParamsNonStreaming {
  return {
    model,
    messages: [
      { role: 'system', content: messages.system },
      { role: 'user', content: messages.user },
    ],
    [dialect.tokenLimit]: answerTokensMax,
    ...(dialect.temperature ? { temperature: 0 } : {}),
    ...(dialect.format === 'json_object' ? { response_format: { type: 'json_object' } } : {}),
    ...(dialect.format === 'json_schema'
      ? {
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'verdict', strict: true, schema: verdictJsonSchema },
          },
        }
      : {}),
  }
}

/** The library does not check what an endpoint answers; this takes nothing for granted. */
function readAnswer(answer: unknown): string {
  const content = answerText(answer)
  if (content === null || content.trim() === '') throw new LlmError('unparsable', 'the answer is empty')
  return content
}

function answerText(answer: unknown): string | null {
  if (!isRecord(answer) || !Array.isArray(answer.choices)) return null
  const choice: unknown = answer.choices[0]
  if (!isRecord(choice) || !isRecord(choice.message)) return null
  return typeof choice.message.content === 'string' ? choice.message.content : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isRefusedRequest(error: unknown): error is APIError {
  return error instanceof APIError && (error.status === 400 || error.status === 422)
}

/** A broken connection or a 5xx may pass at once; 429 and timeouts do not. */
function isPassing(error: unknown): boolean {
  if (error instanceof APIConnectionTimeoutError) return false
  return error instanceof APIConnectionError || (error instanceof APIError && (error.status ?? 0) >= 500)
}

function toLlmError(error: unknown, { baseUrl, timeoutMs }: LlmSettings): LlmError {
  if (error instanceof LlmError) return error
  const host = new URL(baseUrl).host
  if (error instanceof APIConnectionTimeoutError) return new LlmError('timeout', `no answer within ${timeoutMs} ms`)
  if (error instanceof APIConnectionError) return new LlmError('down', `${host} cannot be reached`)
  // The vendor's words may quote the key, or the mail; the status and its short code are enough to act on.
  if (error instanceof APIError) return new LlmError('down', `${host} answered ${error.status}${codeWords(error)}`)
  if (error instanceof SyntaxError) return new LlmError('unparsable', `${host} did not answer with JSON`)
  // What is left is a body that broke off, for which the runtime has no class of its own.
  return new LlmError('down', `${host} broke off its answer`)
}

function codeWords({ code }: APIError): string {
  return typeof code === 'string' && /^[a-z_]{1,60}$/.test(code) ? ` (${code})` : ''
}
