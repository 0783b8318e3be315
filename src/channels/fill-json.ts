/** `{{ title }}`, `{{ labels.host }}` */
const placeholder = /\{\{\s*([a-z_]+)(?:\.([\w-]+))?\s*\}\}/g

/**
 * The document with every `{{ name }}` in its texts replaced. A text that is one placeholder and nothing else becomes
 * the value itself, be it a list or null; inside of other text, what is missing is nothing.
 */
export function fillJson(template: unknown, values: Record<string, unknown>): unknown {
  if (typeof template === 'string') return fillText(template, values)
  if (Array.isArray(template)) return template.map((item) => fillJson(item, values))
  if (typeof template !== 'object' || template === null) return template
  return Object.fromEntries(Object.entries(template).map(([name, value]) => [name, fillJson(value, values)]))
}

/** The names a document asks for, for checking them before anything is sent. */
export function namesIn(template: unknown): string[] {
  if (typeof template === 'string') return [...template.matchAll(placeholder)].map(([, name = '']) => name)
  return typeof template === 'object' && template !== null ? Object.values(template).flatMap(namesIn) : []
}

function fillText(text: string, values: Record<string, unknown>): unknown {
  const [whole] = text.matchAll(placeholder)
  if (whole !== undefined && whole[0] === text.trim()) return pick(values, whole[1], whole[2])
  return text.replace(placeholder, (_, name: string, inner?: string) => {
    const value = pick(values, name, inner) ?? ''
    return typeof value === 'object' ? JSON.stringify(value) : String(value)
  })
}

function pick(values: Record<string, unknown>, name = '', inner?: string): unknown {
  const value = Object.hasOwn(values, name) ? values[name] : null
  if (inner === undefined) return value
  const isMap = typeof value === 'object' && value !== null && Object.hasOwn(value, inner)
  return isMap ? (value as Record<string, unknown>)[inner] : null
}
