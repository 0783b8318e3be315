/** How much of the chat API an endpoint or model understands. */
export interface Dialect {
  format: 'json_schema' | 'json_object' | 'text'
  /** Whether `temperature: 0` is sent. Reasoning models refuse it. */
  temperature: boolean
  /** OpenAI's own name for the limit, and the older one that other servers know. */
  tokenLimit: 'max_completion_tokens' | 'max_tokens'
}

/** What is tried first: everything that holds a model to a verdict. */
export const firstDialect: Dialect = {
  format: 'json_schema',
  temperature: true,
  tokenLimit: 'max_completion_tokens',
}

/** What every server since the first understands. */
const plainDialect: Dialect = { format: 'text', temperature: false, tokenLimit: 'max_tokens' }

/**
 * The next simpler dialect after an endpoint refused a request (400 or 422) with these words; null when there is none.
 * Endpoints name the parameter they do not know; a refusal that names none is answered with the plain dialect.
 */
export function simplifyDialect(dialect: Dialect, words: string): Dialect | null {
  if (dialect.temperature && /temperature/i.test(words)) return { ...dialect, temperature: false }
  if (dialect.tokenLimit === 'max_completion_tokens' && /max_(?:completion_)?tokens/i.test(words)) {
    return { ...dialect, tokenLimit: 'max_tokens' }
  }
  if (/response_format|json|schema|structured/i.test(words)) {
    if (dialect.format === 'json_schema') return { ...dialect, format: 'json_object' }
    if (dialect.format === 'json_object') return { ...dialect, format: 'text' }
  }
  const isPlain = dialect.format === 'text' && !dialect.temperature && dialect.tokenLimit === 'max_tokens'
  return isPlain ? null : plainDialect
}
