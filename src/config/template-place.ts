import { type Place, positionAt, type SourceNode } from './source.js'

/**
 * Where a line and column (from 1) of a scalar's text stand in the file. Exact for block scalars and for one-line
 * scalars without escapes; elsewhere the scalar itself.
 */
export function placeInScalar(node: SourceNode, line: number, column: number): Place {
  if (node.type !== 'scalar' || node.pieces.length > 0) return node
  const { file } = node
  if (node.style === 'block') {
    const headerLine = positionAt(file, node.start).line
    const lineStart = file.lineStarts[headerLine + line - 1]
    const firstStart = file.lineStarts[headerLine]
    if (lineStart === undefined || firstStart === undefined) return node
    const indent = /^[ ]*/.exec(file.text.slice(firstStart, firstStart + 1_000))?.[0].length ?? 0
    return spotFrom(node, lineStart + indent + column - 1)
  }
  const written = file.text.slice(node.start, node.end)
  if (line > 1 || written.includes('\n') || written.includes('\\')) return node
  return spotFrom(node, node.start + (node.style === 'quoted' ? 1 : 0) + column - 1)
}

function spotFrom(node: Place, start: number): Place {
  if (start < node.start || start >= node.end) return node
  const rest = node.file.text.slice(start, node.end)
  const length = /^(?:\{\{.*?\}\}|\{%.*?%\}|[\w|]+)/.exec(rest)?.[0].length ?? 1
  return { file: node.file, start, end: start + length }
}
