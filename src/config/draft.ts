import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import type { Config } from '../domain/config.js'
import { ConfigError } from '../domain/errors.js'
import { readConfigFiles, type SourceText } from './files.js'
import { type CheckOptions, type LoadedConfig, type ParseOptions, parseConfig } from './load.js'
import { readSecretFile } from './secret-files.js'

/**
 * What is tried in place of the files in force: files, which stand in for those of the same names (and beside the
 * others); or one text, which stands in for those that have the routes.
 */
export type Draft = { files: SourceText[] } | { text: string }

export interface LoadedDraft extends LoadedConfig {
  /** The files in force with the same secrets disguised: what of the draft is the same can be told by comparing. */
  inForce: Config
}

/**
 * Reads and checks a draft without touching what runs. It may be somebody's who may not read the server's secrets, its
 * files or its environment: `${VAR}` and `${file:…}` have a value only where the files in force name the same, secrets
 * are disguised, because a template could spell one out, and whether another file exists is not told. `ConfigError`
 * carries all issues.
 * @param inForce the config that runs
 */
export async function loadDraft(
  draft: Draft,
  inForce: Pick<Config, 'files' | 'routes' | 'secrets'>,
  options: CheckOptions,
): Promise<LoadedDraft> {
  const folder = process.cwd()
  const texts = await readConfigFiles(inForce.files, folder)
  const machine = { hostname: hostname(), folder, fileExists: existsSync }
  const known = listNamed(texts, { ...options, ...machine, readSecretFile })
  const variables = Object.entries(options.env).filter(([name]) => known.variables.has(name))
  const secrets = new Set(inForce.secrets)
  const show = (value: string | undefined) => (value !== undefined && secrets.has(value) ? disguise(value) : value)
  const parsing = {
    ...options,
    ...machine,
    env: Object.fromEntries(variables.map(([name, value]) => [name, show(value)])),
    fileExists: () => true,
    readSecretFile(path: string) {
      const value = known.files.get(path)
      if (value === undefined) throw new Error('a draft may only use files that the config in force uses')
      return disguise(value)
    },
  }
  const loaded = parseConfig(replaceFiles(texts, draft, inForce, folder), parsing)
  return { ...loaded, inForce: parseConfig(texts, parsing).config }
}

/** Another value of the same shape, so that what is checked of a secret (a URL, a token's form) still holds. */
export function disguise(secret: string): string {
  const scheme = /^[a-z][a-z0-9+]*:\/\//i.exec(secret)?.[0] ?? ''
  const rest = secret.slice(scheme.length)
  return scheme + rest.replace(/[a-z]/g, 'x').replace(/[A-Z]/g, 'X').replace(/[1-9]/g, '0')
}

/** Variables and secret files that texts really use, whatever stands in their comments. */
function listNamed(texts: SourceText[], options: ParseOptions): { variables: Set<string>; files: Map<string, string> } {
  const variables = new Set<string>()
  const files = new Map<string, string>()
  const env: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(options.env)) {
    const get = (): string | undefined => {
      variables.add(name)
      return value
    }
    Object.defineProperty(env, name, { enumerable: true, get })
  }
  const readAndNote = (path: string): string => {
    const value = options.readSecretFile(path)
    files.set(path, value)
    return value
  }
  try {
    parseConfig(texts, { ...options, env, readSecretFile: readAndNote })
  } catch (error) {
    // Files that were broken since they were loaded still name what they name.
    if (!(error instanceof ConfigError)) throw error
  }
  return { variables, files }
}

function replaceFiles(
  texts: SourceText[],
  draft: Draft,
  inForce: Pick<Config, 'routes'>,
  folder: string,
): SourceText[] {
  const home = texts[0] ? dirname(texts[0].file) : folder
  if ('text' in draft) {
    const withRoutes = new Set(inForce.routes.map(({ position }) => resolve(folder, position.file)))
    const stays = texts.filter(({ file }) => !withRoutes.has(file) && texts.length > 1)
    const first = texts.find(({ file }) => withRoutes.has(file)) ?? texts[0]
    return [...stays, { file: first?.file ?? join(home, 'routes.yaml'), text: draft.text }]
  }
  const given = new Map(draft.files.map(({ file, text }) => [basename(file), text]))
  const replaced = texts.map(({ file, text }) => ({ file, text: given.get(basename(file)) ?? text }))
  const names = new Set(texts.map(({ file }) => basename(file)))
  const added = [...given].filter(([name]) => !names.has(name))
  return [...replaced, ...added.map(([name, text]) => ({ file: join(home, name), text }))]
}
