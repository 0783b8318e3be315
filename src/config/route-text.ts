import { resolve } from 'node:path'
import type { Config } from '../domain/config.js'
import type { Position } from '../domain/errors.js'
import { readConfigFiles } from './files.js'
import { hashOf } from './load.js'

/**
 * A route as its file writes it, or null when the files are not any more what was loaded. Rejects with `ConfigError`
 * when they cannot be read.
 */
export async function readRouteText(
  { files, hash }: Pick<Config, 'files' | 'hash'>,
  position: Position,
): Promise<string | null> {
  const folder = process.cwd()
  const texts = await readConfigFiles(files, folder)
  if (hashOf(texts) !== hash) return null
  const wanted = resolve(folder, position.file)
  const source = texts.find(({ file }) => file === wanted)
  return source ? sliceBlock(source.text, position) : null
}

/** The block of YAML that begins at a position, set back to the margin: all that follows at its depth or deeper. */
export function sliceBlock(text: string, { line, column }: Pick<Position, 'line' | 'column'>): string {
  const depth = column - 1
  const [first = '', ...rest] = text.split(/\r?\n/).slice(line - 1)
  const end = rest.findIndex((next) => next.trim() !== '' && next.search(/\S/) < depth)
  const lines = end === -1 ? rest : rest.slice(0, end)
  const block = [first.slice(depth), ...lines.map((next) => next.slice(Math.min(depth, next.search(/\S|$/))))]
  return `${block.join('\n').trimEnd()}\n`
}
