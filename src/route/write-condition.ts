import type { Condition, TextField, TextOperator } from '../domain/route.js'
import type { ConditionNode, LeafWords } from './compile-condition.js'

/** A leaf read aloud: `subject starts_with "[Sentry]"`. */
export function sayLeaf({ field, operator, expected }: LeafWords): string {
  const shown = operator === 'present' ? `is ${expected}` : `${operator} ${expected}`
  return field === null ? shown : `${field} ${shown}`
}

/** A condition as a tree of lines, two spaces a level, cut after `linesMax`. */
export function listConditionLines(node: ConditionNode, linesMax = 200): string[] {
  const lines: string[] = []
  const pending: { node: ConditionNode; depth: number }[] = [{ node, depth: 0 }]
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (lines.length >= linesMax) return [...lines, '…']
    const { node: at, depth } = next
    const indent = '  '.repeat(depth)
    if ('words' in at) {
      lines.push(`${indent}${sayLeaf(at.words)}`)
      continue
    }
    lines.push(`${indent}${at.kind === 'not' ? 'not' : `${at.kind} of`}${at.of.length === 0 ? ' nothing' : ''}`)
    for (const child of at.of.toReversed()) pending.push({ node: child, depth: depth + 1 })
  }
  return lines
}

/** A text test as one would write it in a routes file, on one line. */
export function writeTextTest(field: TextField, operator: TextOperator, text: string): string {
  return writeField(field, `{ ${operator}: ${writeScalar(text)} }`)
}

/** An address test, and any other that is one plain value. */
export function writePlainTest(field: TextField, text: string): string {
  return writeField(field, writeScalar(text))
}

export function writeSizeTest({ operator }: Extract<Condition, { kind: 'size' }>, size: string): string {
  return `size: { ${operator}: ${size} }`
}

function writeField(field: TextField, value: string): string {
  if (field.type === 'header') return `header: { ${writeKey(field.name)}: ${value} }`
  if (field.type === 'attachment') return `attachment: { ${field.part}: ${value} }`
  return `${field.type}: ${value}`
}

function writeKey(name: string): string {
  return /^[A-Za-z][\w-]*$/.test(name) ? name : writeScalar(name)
}

/**
 * A text as a YAML scalar in double quotes (YAML 1.2, 7.3.1). What nobody would see is written by its number, and `$`
 * twice where the config would take it for a variable.
 */
export function writeScalar(text: string): string {
  const literal = /\$[${]/.test(text) ? text.replaceAll('$', '$$$$') : text
  return JSON.stringify(literal).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}
