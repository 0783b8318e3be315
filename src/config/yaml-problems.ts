import type { SourceFile } from './source.js'

/** A YAML syntax error in words for people who do not think in YAML. */
export interface YamlProblem {
  message: string
  hint: string | null
}

/**
 * Says what a YAML error most likely is: nearly always a text that begins with a character YAML gives a meaning to
 * (YAML 1.2.2, 5.3 indicator characters), or a tab.
 */
export function explainYamlError(code: string, message: string, file: SourceFile, offset: number): YamlProblem {
  const line = lineAround(file, offset)
  if (code === 'TAB_AS_INDENT' || (/^ *\t/.test(line) && code === 'BAD_INDENT')) {
    return { message: 'a tab is used for indentation', hint: 'indent with spaces: YAML does not allow tabs' }
  }
  if (code === 'BLOCK_AS_IMPLICIT_KEY') {
    const end = file.text.indexOf('\n', offset)
    const value = file.text.slice(offset, end < 0 ? undefined : end)
    return problem(message, hintForValue(value) ?? `a text with ": " in it has to be quoted: "${short(value)}"`)
  }
  const value = valueOn(line)
  if (/^[^"'#]*[[{,][^"'#]*\$\{/.test(line)) {
    return problem(message, `inside { … } and [ … ] a variable has to be quoted: "\${NAME}"`)
  }
  if (value !== null) {
    const hint = hintForValue(value)
    if (hint) return problem(message, hint)
  }
  if (code === 'BAD_INDENT' || code === 'MULTILINE_IMPLICIT_KEY') {
    return problem(message, 'keys that belong together start in the same column')
  }
  if (code === 'MULTIPLE_DOCS') {
    return { message: 'the file holds several documents', hint: 'keep one document a file; remove the "---" between' }
  }
  if (code === 'BAD_DQ_ESCAPE') {
    return problem(message, "in double quotes a backslash starts an escape; put patterns into single quotes: '\\d+'")
  }
  return problem(message, null)
}

/** What to do about a value that begins with a YAML indicator; null when it does not. */
export function hintForValue(value: string): string | null {
  const bracketed = /^(\[[^\]]*\])\s*[^\s,#}\]]/.exec(value)
  if (bracketed) return `a text that starts with [ has to be quoted: "${short(value)}"`
  if (value.startsWith('{{') || value.startsWith('{%'))
    return `a text that starts with { has to be quoted: "${short(value)}"`
  const first = /^[*&!@`%|>]/.exec(value)?.[0]
  if (first && (first !== '|' && first !== '>' ? true : /^[|>][-+\d]*\s+\S/.test(value))) {
    return `a text that starts with ${first} has to be quoted: "${short(value)}"`
  }
  if (/^["']/.test(value)) return null
  if (/^[^[{].*: /.test(value)) return `a text with ": " in it has to be quoted: "${short(value)}"`
  return null
}

function problem(message: string, hint: string | null): YamlProblem {
  const words = message.charAt(0).toLowerCase() + message.slice(1)
  return { message: `not valid YAML: ${words.slice(0, 200)}`, hint }
}

function short(value: string): string {
  const text = value.replace(/\s+#.*$/, '').replace(/[\s}]+$/, '')
  return (text.length > 40 ? `${text.slice(0, 40)}…` : text).replaceAll('"', '\\"')
}

function lineAround(file: SourceFile, offset: number): string {
  const start = file.text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1
  const end = file.text.indexOf('\n', start)
  return file.text.slice(start, Math.min(end < 0 ? file.text.length : end, start + 1_000))
}

/** What follows the last key on a line: the value somebody wrote. */
function valueOn(line: string): string | null {
  const match = /^[\s-]*(?:\{\s*)?(?:[\w-]+\s*:\s+(?:\{\s*)?(?=[\w-]+\s*:\s))*(?:[\w-]+\s*:\s+|-\s+)(.+)$/.exec(line)
  return match?.[1]?.trim() ?? null
}
