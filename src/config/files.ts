import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { TextDecoder } from 'node:util'
import { ConfigError, type ConfigIssue } from '../domain/errors.js'
import { yamlSizeBytesMax } from './parse-yaml.js'

const filesMax = 500

/** A config file's name, as issues show it, and its text. */
export interface SourceText {
  file: string
  text: string
}

/**
 * Reads the files that paths name, each folder's in the order of their names. Every problem (a missing file, one over
 * 256 kB, one that is not UTF-8) is in the `ConfigError`.
 */
export async function readConfigFiles(paths: string[], folder: string): Promise<SourceText[]> {
  const issues: ConfigIssue[] = []
  const files: SourceText[] = []
  for (const file of await listConfigFiles(paths, folder, issues)) {
    const text = await readConfigText(file, folder, issues)
    if (text !== null) files.push({ file, text })
  }
  if (issues.length > 0) throw new ConfigError(issues)
  return files
}

/** Reads one file's text, or reports why it cannot be read and returns null. */
export async function readConfigText(file: string, folder: string, issues: ConfigIssue[]): Promise<string | null> {
  const path = resolve(folder, file)
  try {
    const { size } = await stat(path)
    if (size > yamlSizeBytesMax) {
      const hint = 'split it into several files in one folder'
      issues.push(fileIssue(file, 'too-large', `the file is larger than ${yamlSizeBytesMax / 1_000} kB`, hint))
      return null
    }
    return decode(await readFile(path))
  } catch (error) {
    issues.push(fileIssue(file, 'missing-file', ...reasonOf(error)))
    return null
  }
}

async function listConfigFiles(paths: string[], folder: string, issues: ConfigIssue[]): Promise<string[]> {
  const files: string[] = []
  for (const path of paths) {
    try {
      const absolute = resolve(folder, path)
      const isFolder = (await stat(absolute)).isDirectory()
      const names = isFolder ? (await readdir(absolute)).filter(isConfigName).sort() : null
      if (names?.length === 0) {
        issues.push(fileIssue(path, 'missing-file', 'the folder has no *.yaml file', 'mailtrigger init writes one'))
      }
      files.push(...(names?.map((name) => join(path, name)) ?? [path]))
    } catch (error) {
      issues.push(fileIssue(path, 'missing-file', ...reasonOf(error)))
    }
  }
  const unique = [...new Map(files.map((file) => [resolve(folder, file), file])).values()]
  if (unique.length > filesMax) {
    issues.push(fileIssue(unique[filesMax] ?? '', 'too-many-files', `there are more than ${filesMax} files`, null))
  }
  return unique.slice(0, filesMax)
}

/** Hidden files are editors' and Kubernetes' own; route tests have a format of their own. */
export function isConfigName(name: string): boolean {
  return /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && !name.startsWith('.')
}

class NotUtf8Error extends Error {
  override readonly name = 'NotUtf8Error'
}

/** A byte order mark goes; bytes that are not UTF-8 are a mistake, not a question mark. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new NotUtf8Error('the file is not UTF-8', { cause: error })
  }
}

function reasonOf(error: unknown): [message: string, hint: string | null] {
  if (error instanceof NotUtf8Error) return [error.message, 'save it as UTF-8']
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOENT' || code === 'ENOTDIR') return ['there is no such file', 'mailtrigger init writes one']
  if (code === 'EACCES' || code === 'EPERM') return ['the file may not be read', 'check who owns it, and its mode']
  if (code === 'EISDIR') return ['it is a folder', null]
  throw error
}

function fileIssue(file: string, code: string, message: string, hint: string | null): ConfigIssue {
  return { code, message: `${file}: ${message}`, severity: 'error', position: null, hint, frame: null }
}
