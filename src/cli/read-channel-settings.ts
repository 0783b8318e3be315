import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { isMap, type Settings, withPath } from '../engine/secret-settings.js'
import { CliExit, exitCodes } from './cli.js'

/** What of a channel's settings was given, and how. */
export interface SettingsOptions {
  settings?: string
  set?: string[]
  unset?: string[]
  secret?: string[]
}

const inputBytesMax = 262_144

/**
 * The settings that the options name, as a patch: what is unset is null. A secret comes from a file or from standard
 * input, never from an argument, which the whole machine can read while the command runs.
 * @param secrets dotted names of the kind's secret settings
 */
export async function readChannelSettings(options: SettingsOptions, secrets: readonly string[]): Promise<Settings> {
  const fromInput = (options.secret ?? []).filter((given) => given.endsWith('=-'))
  if (fromInput.length + Number(options.settings === '-') > 1) {
    throw new CliExit(exitCodes.usage, 'only one thing can come from standard input', 'put the others into files')
  }
  let patch = options.settings === undefined ? {} : readMap(await readGiven(options.settings, '--settings'))
  for (const given of options.set ?? []) {
    const [path, text] = splitGiven(given, '--set', 'NAME=VALUE')
    refuseOpenSecret(path, secrets)
    patch = withPath(patch, path, readValue(text))
  }
  for (const path of options.unset ?? []) patch = withPath(patch, path.split('.'), null)
  for (const given of options.secret ?? []) {
    const [path, source] = splitGiven(given, '--secret', 'NAME=@FILE or NAME=-')
    patch = withPath(patch, path, await readSecret(path, source))
  }
  return patch
}

/** Says whether anything was given at all. */
export function isGiven({ settings, set, unset, secret }: SettingsOptions): boolean {
  return [settings, set, unset, secret].some((option) => option !== undefined)
}

function splitGiven(given: string, flag: string, form: string): [path: string[], value: string] {
  const at = given.indexOf('=')
  if (at < 1) throw new CliExit(exitCodes.usage, `${flag} takes ${form}`)
  return [given.slice(0, at).split('.'), given.slice(at + 1)]
}

function refuseOpenSecret(path: string[], secrets: readonly string[]): void {
  const dotted = path.join('.')
  if (!secrets.some((secret) => dotted === secret || dotted.startsWith(`${secret}.`))) return
  const hint = `put it into a file: --secret ${dotted}=@FILE, or --secret ${dotted}=- reads it from standard input`
  throw new CliExit(exitCodes.usage, `${dotted} is secret, and arguments can be read by others`, hint)
}

/** What is a number, true, false, a list or a map is one; where a text is wanted, the server takes it for its text. */
function readValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  if (text !== '' && String(Number(text)) === text && Number.isFinite(Number(text))) return Number(text)
  return /^[[{]/.test(text) ? (parseJson(text) ?? text) : text
}

/** Lists and maps of secrets are written as JSON. */
async function readSecret(path: string[], source: string): Promise<unknown> {
  if (source !== '-' && !source.startsWith('@')) {
    const name = path.join('.')
    const hint = `--secret ${name}=@FILE, or --secret ${name}=- to read it from standard input`
    throw new CliExit(exitCodes.usage, '--secret takes no value, since arguments can be read by others', hint)
  }
  const text = (await readGiven(source, '--secret')).replace(/\r?\n$/, '')
  if (text === '') throw new CliExit(exitCodes.usage, `the secret ${path.join('.')} is empty`)
  return /^[[{]/.test(text) ? (parseJson(text) ?? text) : text
}

/** `-` is standard input; a file may have an @ before it. */
async function readGiven(source: string, flag: string): Promise<string> {
  if (source === '-') return readAll(process.stdin, flag)
  const file = source.replace(/^@/, '')
  const text = await readFile(file, 'utf8').catch(() => {
    throw new CliExit(exitCodes.notFound, `cannot read the file ${file}`)
  })
  if (text.length <= inputBytesMax) return text
  throw new CliExit(exitCodes.usage, `what ${flag} names is too long`)
}

async function readAll(input: Readable, flag: string): Promise<string> {
  let text = ''
  for await (const chunk of input.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > inputBytesMax) throw new CliExit(exitCodes.usage, `what ${flag} names is too long`)
  }
  return text
}

function readMap(text: string): Settings {
  const value = parseJson(text)
  if (isMap(value)) return value
  throw new CliExit(exitCodes.usage, '--settings is a JSON object', `it looks like '{"chat_id": "-100123"}'`)
}

/** Undefined when it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
