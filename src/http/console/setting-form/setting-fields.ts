import { z } from 'zod'

/** How a setting is entered. `lines` is a list, one entry a line; `pairs` are names and values, a pair a line. */
export type FieldForm = 'text' | 'long' | 'number' | 'choice' | 'switch' | 'lines' | 'pairs' | 'json'

/** One field of a form, for one setting of a channel. */
export interface SettingField {
  /** Where it stands in the settings: `bot_token`, `emergency.retry`. */
  path: string
  label: string
  form: FieldForm
  isSecret: boolean
  isNeeded: boolean
  /** Of a choice, in their order; whether they are numbers in the settings, `isNumeric` says. */
  choices: string[]
  isNumeric: boolean
  /** What holds when nothing is entered, as it would be entered; null when nothing does. */
  fallback: string | null
  hint: string | null
}

/** What is read of a JSON Schema (2020-12); forms of ours are made of no more than this. */
const schemaPart = z.looseObject({
  type: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.union([z.string(), z.number()])).optional(),
  const: z.union([z.string(), z.number()]).optional(),
  maxLength: z.number().optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), schemaPart).optional()
  },
  get anyOf() {
    return z.array(schemaPart).optional()
  },
  get items() {
    return schemaPart.optional()
  },
  get additionalProperties() {
    return z.union([z.boolean(), schemaPart]).optional()
  },
})
type SchemaPart = z.infer<typeof schemaPart>

/** Longer texts are written in several lines. */
const lineLengthMax = 4_000

/** The fields of a form for settings of this schema, what is needed first. A map of known settings is one field each. */
export function listFields(schema: Record<string, unknown>, secrets: readonly string[]): SettingField[] {
  const fields = fieldsOf(schemaPart.parse(schema), '', true, secrets)
  return [...fields.filter(({ isNeeded }) => isNeeded), ...fields.filter(({ isNeeded }) => !isNeeded)]
}

function fieldsOf(part: SchemaPart, above: string, isNeeded: boolean, secrets: readonly string[]): SettingField[] {
  return Object.entries(part.properties ?? {}).flatMap(([key, inner]) => {
    const path = above === '' ? key : `${above}.${key}`
    const isInnerNeeded = isNeeded && (part.required ?? []).includes(key)
    const map = [inner, ...(inner.anyOf ?? [])].find(({ properties }) => properties !== undefined)
    if (map === undefined) return [fieldOf(inner, path, isInnerNeeded, secrets.includes(path))]
    const fields = fieldsOf(map, path, isInnerNeeded, secrets)
    return fields.map((field, index) =>
      index === 0 ? { ...field, hint: field.hint ?? inner.description ?? null } : field,
    )
  })
}

function fieldOf(part: SchemaPart, path: string, isNeeded: boolean, isSecret: boolean): SettingField {
  const form = formOf(part, isSecret)
  const choices = form === 'choice' ? choicesOf(part) : []
  const words = (part.items?.enum ?? []).map(String)
  const hint =
    words.length > 0 ? `${part.description ?? ''} Each is one of ${words.join(', ')}.`.trim() : part.description
  return {
    path,
    label: labelOfSetting(path),
    form,
    isSecret,
    isNeeded,
    choices: choices.map(String),
    isNumeric: form === 'number' || (choices.length > 0 && choices.every((choice) => typeof choice === 'number')),
    fallback: part.default === undefined ? null : writeFallback(part.default),
    hint: hint ?? null,
  }
}

function formOf(part: SchemaPart, isSecret: boolean): FieldForm {
  const branches = part.anyOf ?? [part]
  if (part.enum !== undefined || branches.every((branch) => branch.const !== undefined)) return 'choice'
  if (branches.some(({ type }) => type === 'array')) return 'lines'
  // Where nothing holds by itself, off is not the same as not set.
  if (part.type === 'boolean') return typeof part.default === 'boolean' ? 'switch' : 'choice'
  if (part.type === 'integer' || part.type === 'number') return 'number'
  if (part.type === 'object') return isMapOfTexts(part) ? 'pairs' : 'json'
  return (part.maxLength ?? 0) > lineLengthMax && !isSecret ? 'long' : 'text'
}

function isMapOfTexts({ additionalProperties: values }: SchemaPart): boolean {
  return typeof values === 'object' && values.type === 'string'
}

function choicesOf(part: SchemaPart): (string | number)[] {
  if (part.type === 'boolean') return ['true', 'false']
  return part.enum ?? (part.anyOf ?? [part]).flatMap(({ const: one }) => (one === undefined ? [] : [one]))
}

function writeFallback(value: unknown): string | null {
  if (Array.isArray(value)) return value.length === 0 ? null : value.join('\n')
  return typeof value === 'object' ? null : String(value)
}

const capitals = /\b(url|api|sid|arn|id|tls|starttls|qos|ttl|ca)\b/g
/** Words that say more than the setting's own name. */
const labels: Record<string, string> = {
  base_url: 'Base URL',
  retry: 'Waits between tries',
  retry_window: 'Give up after',
  rate_limit: 'Rate limit',
  daily_cap: 'Most a day',
  'template.title': 'Title template',
  'template.text': 'Text template',
  ca: 'Certificates (CA)',
}

/** `emergency.retry` as one says it: Emergency: retry. */
export function labelOfSetting(path: string): string {
  const own = labels[path]
  if (own !== undefined) return own
  const words = path
    .replaceAll('.', ': ')
    .replaceAll('_', ' ')
    .replace(capitals, (word) => word.toUpperCase())
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}
