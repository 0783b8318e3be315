import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { ChannelKind } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import { ConfigError, type ConfigIssue } from '../domain/errors.js'
import { checkData } from './check-data.js'
import { readConfigFiles, type SourceText } from './files.js'
import { secretKeysOf } from './frame.js'
import { IssueList } from './issues.js'
import { lintConfig } from './lint.js'
import { mergeFiles } from './merge.js'
import { type Machine, normaliseConfig } from './normalise/config.js'
import { type Reading, readNames } from './normalise/reading.js'
import { applyOverrides, type ConfigOverrides } from './overrides.js'
import { parseYaml } from './parse-yaml.js'
import { readSecretFile } from './secret-files.js'
import { createSourceFile } from './source.js'
import type { Surroundings } from './substitute.js'

export type { ConfigOverrides }

/** What a config is checked with, beside its text: all of it from outside this room. */
export interface CheckOptions {
  overrides: ConfigOverrides
  env: Record<string, string | undefined>
  kinds: readonly ChannelKind[]
  /** What is wrong with an RE2 pattern, or null. */
  checkPattern: (pattern: string, caseSensitive: boolean) => string | null
  /** What is wrong with a cron schedule, or null. */
  checkSchedule: (schedule: string, timezone: string) => string | null
  /**
   * Names of actions that were uploaded, so that routes may use them. `any` accepts every name, for reading a config
   * before the store is open; without it none is known, and a name nothing has is an error that says how to tell.
   */
  uploadedActions?: readonly string[] | 'any'
  /** Kinds of the channels that were made while the server runs, by name; `any` and absence as above. */
  storedChannels?: ReadonlyMap<string, string> | 'any'
  /** Mail addresses of the people who were entered while the server runs; `any` and absence as above. */
  storedPeople?: readonly string[] | 'any'
}

export interface LoadOptions extends CheckOptions {
  /** Files, or folders whose `*.yaml` and `*.yml` (but not `*.test.yaml`) are read in the order of their names. */
  paths: string[]
}

export interface ParseOptions extends CheckOptions, Machine {
  /** For `${file:…}`: throws with a message that says why a file cannot be read. */
  readSecretFile: (path: string) => string
  fileExists: (path: string) => boolean
}

export interface LoadedConfig {
  config: Config
  warnings: ConfigIssue[]
}

/**
 * Reads and checks config files. Everything that can be known without the network is checked; `ConfigError` carries
 * all issues at once. Without any path the defaults hold, with no routes.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const folder = process.cwd()
  const files = await readConfigFiles(options.paths, folder)
  return parseConfig(files, { ...options, hostname: hostname(), folder, readSecretFile, fileExists: existsSync })
}

/** The same without reading the config files themselves. Throws `ConfigError`. */
export function parseConfig(files: SourceText[], options: ParseOptions): LoadedConfig {
  const { kinds, folder } = options
  const issues = new IssueList(secretKeysOf(kinds.flatMap((kind) => kind.secrets)))
  const surroundings: Surroundings = { env: options.env, readSecretFile: options.readSecretFile }
  const roots = files.flatMap(({ file, text }) => {
    const source = createSourceFile(file, dirname(resolve(folder, file)), text)
    const root = parseYaml(source, surroundings, issues)
    return root ? [root] : []
  })
  const merged = mergeFiles(roots, issues)
  applyOverrides(merged, options.overrides, folder, issues)
  const names = readNames(merged)
  const { raw, root } = checkData(merged, issues)
  const reading = startReading(root, names, issues, options)
  const config = normaliseConfig(raw, reading, options)
  if (!issues.hasErrors()) lintConfig(config, reading)
  const all = issues.toArray()
  if (issues.hasErrors()) throw new ConfigError(all)
  const paths = files.map(({ file }) => resolve(folder, file))
  return { config: { hash: hashOf(files), files: paths, ...config }, warnings: all }
}

function startReading(
  root: Reading['root'],
  names: Reading['names'],
  issues: IssueList,
  options: ParseOptions,
): Reading {
  return {
    issues,
    root,
    kinds: new Map(options.kinds.map((kind) => [kind.kind, kind])),
    names,
    uploadedActions: options.uploadedActions,
    storedChannels: options.storedChannels,
    storedPeople: options.storedPeople,
    used: {
      channel: new Set(),
      lookup: new Set(),
      action: new Set(),
      group: new Set(),
      person: new Set(),
      calendar: new Set(),
    },
    secrets: new Set(),
    checkPattern: options.checkPattern,
    checkSchedule: options.checkSchedule,
    fileExists: options.fileExists,
  }
}

/** Names a config by what its files say. */
export function hashOf(files: SourceText[]): string {
  const hash = createHash('sha256')
  for (const { text } of files) hash.update(text).update('\0')
  return hash.digest('hex').slice(0, 12)
}
