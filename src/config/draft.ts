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

/**
 * Reads and checks a draft without touching what runs. It may be somebody's who may not read the server's files or its
 * environment: `${VAR}` and `${file:…}` have a value only where the files in force name the same, and whether another
 * file exists is not told. `ConfigError` carries all issues.
 * @param inForce the config that runs
 */
export async function loadDraft(
  draft: Draft,
  inForce: Pick<Config, 'files' | 'routes'>,
  options: CheckOptions,
): Promise<LoadedConfig> {
  const folder = process.cwd()
  const texts = await readConfigFiles(inForce.files, folder)
  const machine = { hostname: hostname(), folder, fileExists: existsSync }
  const known = listNamed(texts, { ...options, ...machine, readSecretFile })
  const replaced = replaceFiles(texts, draft, inForce, folder)
  const env = Object.fromEntries(Object.entries(options.env).filter(([name]) => known.variables.has(name)))
  return parseConfig(replaced, {
    ...options,
    ...machine,
    env,
    fileExists: () => true,
    readSecretFile(path) {
      const value = known.files.get(path)
      if (value === undefined) throw new Error('a draft may only use files that the config in force uses')
      return value
    },
  })
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
