import { type DiffLine, diffLines } from './diff-lines.js'

const contextLines = 3

/** What differs between two texts as a unified diff that `patch` takes; empty when nothing does. Pure. */
export function writePatch(before: string, after: string, name: string): string {
  const edits = compare(splitLines(before), splitLines(after))
  const hunks = listHunks(edits)
  if (hunks.length === 0) return ''
  return `--- a/${name}\n+++ b/${name}\n${hunks.join('')}`
}

function splitLines(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

/** Lines that are the same at both ends are not compared; a change of hundreds of lines is one block. */
function compare(before: string[], after: string[]): DiffLine[] {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let end = 0
  const endMax = Math.min(before.length, after.length) - start
  while (end < endMax && before[before.length - 1 - end] === after[after.length - 1 - end]) end++
  const gone = before.slice(start, before.length - end)
  const come = after.slice(start, after.length - end)
  return [
    ...mark('same', before.slice(0, start)),
    ...(diffLines(gone, come) ?? [...mark('gone', gone), ...mark('new', come)]),
    ...mark('same', before.slice(before.length - end)),
  ]
}

function mark(sign: DiffLine['sign'], lines: string[]): DiffLine[] {
  return lines.map((text) => ({ sign, text }))
}

const signs = { same: ' ', gone: '-', new: '+' } as const

function listHunks(edits: DiffLine[]): string[] {
  const hunks: string[] = []
  let line = { before: 1, after: 1 }
  let index = 0
  while (index < edits.length) {
    const next = edits.findIndex(({ sign }, at) => at >= index && sign !== 'same')
    if (next === -1) break
    const start = Math.max(index, next - contextLines)
    const end = endOfHunk(edits, next)
    line = skip(line, edits.slice(index, start))
    const part = edits.slice(start, end)
    const after = skip(line, part)
    const counts = { before: after.before - line.before, after: after.after - line.after }
    // A side without lines is named by the line before it (POSIX, diff -u).
    const place = (at: number, count: number): string => `${count === 0 ? at - 1 : at},${count}`
    const head = `@@ -${place(line.before, counts.before)} +${place(line.after, counts.after)} @@`
    hunks.push(`${head}\n${part.map((edit) => `${signs[edit.sign]}${edit.text}\n`).join('')}`)
    line = after
    index = end
  }
  return hunks
}

/** Changes with few lines between them are one hunk. */
function endOfHunk(edits: DiffLine[], first: number): number {
  let last = first
  for (let at = first; at < edits.length && at <= last + 2 * contextLines; at++) {
    if (edits[at]?.sign !== 'same') last = at
  }
  return Math.min(edits.length, last + 1 + contextLines)
}

function skip(line: { before: number; after: number }, edits: DiffLine[]): { before: number; after: number } {
  const gone = edits.filter(({ sign }) => sign !== 'new').length
  const come = edits.filter(({ sign }) => sign !== 'gone').length
  return { before: line.before + gone, after: line.after + come }
}
