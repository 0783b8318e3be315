import { secretMask } from '../../../engine/enter-channel.js'
import { isMap, readPath, type Settings, withPath } from '../../../engine/secret-settings.js'
import type { SettingField } from './setting-fields.js'

/** What stands in the fields of a form, by their paths. A switch that is off is not in it. */
export type Entered = Readonly<Record<string, string>>

/** What is wrong with single fields, by their paths. */
export type FieldProblems = Readonly<Record<string, string>>

export interface ReadSettings {
  settings: Settings
  problems: FieldProblems
}

/** Settings as they stand in the fields of a form. A secret never does. */
export function writeSettings(fields: readonly SettingField[], settings: Settings): Entered {
  const written = fields.flatMap((field): [string, string][] => {
    if (field.isSecret) return []
    const value = readSetting(settings, field.path)
    if (field.form === 'switch') return [[field.path, String(value ?? field.fallback === 'true')]]
    return value === undefined ? [] : [[field.path, writeValue(field, value)]]
  })
  return Object.fromEntries(written)
}

/** Secrets that are set, by their paths. */
export function listSetSecrets(fields: readonly SettingField[], settings: Settings): string[] {
  return fields
    .filter(({ isSecret, path }) => isSecret && readSetting(settings, path) !== undefined)
    .map(({ path }) => path)
}

/** A template that is only a text is the text of one. */
function readSetting(settings: Settings, path: string): unknown {
  const keys = path.split('.')
  const above = readPath(settings, keys.slice(0, -1))
  if (keys.length > 1 && typeof above === 'string') return keys.at(-1) === 'text' ? above : undefined
  return readPath(settings, keys)
}

function writeValue({ form }: SettingField, value: unknown): string {
  if (form === 'lines' && Array.isArray(value)) return value.map(String).join('\n')
  if (form === 'pairs' && isMap(value)) {
    return Object.entries(value)
      .map(([name, text]) => `${name}: ${String(text)}`)
      .join('\n')
  }
  return isMap(value) || Array.isArray(value) ? JSON.stringify(value, null, 2) : String(value)
}

/**
 * Settings as they were entered. An empty field is a setting that is left out; an empty secret that is set stays as it
 * is, unless `forgotten` names it. Whether the settings are any good, the engine says.
 */
export function readSettings(
  fields: readonly SettingField[],
  entered: Entered,
  { kept, forgotten }: { kept: readonly string[]; forgotten: readonly string[] },
): ReadSettings {
  let settings: Settings = {}
  const problems: Record<string, string> = {}
  for (const field of fields) {
    const { path, isSecret } = field
    const text = readText(field, entered[path] ?? '')
    if (text === '' && isSecret && kept.includes(path) && !forgotten.includes(path)) {
      settings = withPath(settings, path.split('.'), secretMask)
      continue
    }
    const read = readValue(field, text)
    if ('problem' in read) problems[path] = read.problem
    else if (read.value !== undefined) settings = withPath(settings, path.split('.'), read.value)
  }
  return { settings, problems }
}

/** Browsers send the ends of lines as CR LF. What stands around a text is never meant, but in a password it may be. */
function readText({ isSecret, form }: SettingField, given: string): string {
  const text = given.replaceAll('\r\n', '\n')
  if (form === 'long') return text.trim() === '' ? '' : text
  return isSecret && form === 'text' ? text : text.trim()
}

function readValue(
  { form, choices, isNumeric, fallback }: SettingField,
  text: string,
): { value: unknown } | { problem: string } {
  if (form === 'switch') return { value: String(text === 'true') === fallback ? undefined : text === 'true' }
  if (text === '') return { value: undefined }
  if (form === 'lines') return { value: splitLines(text) }
  if (form === 'pairs') return readPairs(text)
  if (form === 'json') return readJson(text)
  if (form === 'choice' && choices.includes(text) && !isNumeric) {
    return { value: text === 'true' || text === 'false' ? text === 'true' : text }
  }
  if (!isNumeric) return { value: text }
  return /^-?\d{1,15}$/.test(text) ? { value: Number(text) } : { problem: 'This has to be a whole number.' }
}

function splitLines(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '')
}

function readPairs(text: string): { value: Settings } | { problem: string } {
  const pairs = new Map<string, string>()
  for (const line of splitLines(text)) {
    const [, name, value] = /^([^:]+):\s*(.*)$/.exec(line) ?? []
    // The line itself may be a secret.
    if (name === undefined || value === undefined)
      return { problem: 'Each line has to be a name, a colon and a value.' }
    pairs.set(name.trim(), value)
  }
  return { value: Object.fromEntries(pairs) }
}

function readJson(text: string): { value: Settings } | { problem: string } {
  const problem = 'This has to be a JSON document in braces: { "text": "{{ title }}" }'
  try {
    const value: unknown = JSON.parse(text)
    return isMap(value) ? { value } : { problem }
  } catch {
    return { problem }
  }
}
