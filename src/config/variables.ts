import { dirname } from 'node:path'
import { readConfigFiles, type SourceText } from './files.js'
import { secretKeysOf } from './frame.js'
import { IssueList } from './issues.js'
import { hashOf } from './load.js'
import { parseYaml } from './parse-yaml.js'
import { createSourceFile } from './source.js'

/** A variable of the environment that config files name. What it holds is nobody's business. */
export interface ConfigVariable {
  name: string
  state: 'set' | 'empty' | 'unset'
}

/**
 * The variables that files name as they are on disk now, by name, and whether the files are still those of `hash`.
 * Rejects with `ConfigError` when they cannot be read.
 */
export async function readVariables(
  { files, hash }: { files: string[]; hash: string },
  env: Record<string, string | undefined>,
): Promise<{ variables: ConfigVariable[]; changed: boolean }> {
  const texts = await readConfigFiles(files, process.cwd())
  const variables = listVariables(texts).map((name): ConfigVariable => {
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    return { name, state: value === undefined ? 'unset' : value === '' ? 'empty' : 'set' }
  })
  return { variables, changed: hashOf(texts) !== hash }
}

/** Names that values really use, whatever stands in comments. Pure. */
export function listVariables(texts: readonly SourceText[]): string[] {
  const names = new Set<string>()
  // Every name is there: what has no value would be an error, and is not what is asked here.
  const env = new Proxy<Record<string, string>>(
    {},
    {
      get: () => 'x',
      getOwnPropertyDescriptor(_, name) {
        names.add(String(name))
        return { configurable: true, enumerable: true, value: 'x' }
      },
    },
  )
  const surroundings = { env, readSecretFile: () => 'x' }
  for (const { file, text } of texts) {
    parseYaml(createSourceFile(file, dirname(file), text), surroundings, new IssueList(secretKeysOf([])))
  }
  return [...names].sort()
}
