import type { ConfigIssue } from '../domain/errors.js'

const colors = { red: 31, yellow: 33, cyan: 36, gray: 90, bold: 1 } as const

/**
 * Issues as `check` prints them, in the form of compilers: place, severity, message, the lines around it, and what to
 * do. The last line counts them. An empty list gives an empty text.
 */
export function formatIssues(issues: readonly ConfigIssue[], { color }: { color: boolean }): string {
  if (issues.length === 0) return ''
  const paint = (name: keyof typeof colors, text: string) => (color ? `\u001b[${colors[name]}m${text}\u001b[0m` : text)
  const blocks = issues.map((issue) => {
    const { position, severity, code, message, frame, hint } = issue
    const place = position ? `${paint('bold', `${position.file}:${position.line}:${position.column}`)} ` : ''
    const level = severity === 'error' ? paint('red', 'error') : paint('yellow', `warning[${code}]`)
    const lines = [`${place}${level} ${message}`]
    if (frame) lines.push(...frame.split('\n').map((line) => frameLine(line, paint)))
    if (hint) lines.push(`       ${paint('cyan', '= help:')} ${hint}`)
    return lines.join('\n')
  })
  return `${[...blocks, countIssues(issues)].join('\n')}\n`
}

/** `2 errors, 1 warning`. */
export function countIssues(issues: readonly ConfigIssue[]): string {
  const errors = issues.filter((issue) => issue.severity === 'error').length
  const warnings = issues.length - errors
  const parts: string[] = []
  if (errors > 0) parts.push(`${errors} ${errors === 1 ? 'error' : 'errors'}`)
  if (warnings > 0) parts.push(`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`)
  return parts.join(', ') || 'no issues'
}

function frameLine(line: string, paint: (name: keyof typeof colors, text: string) => string): string {
  if (/^ +\| +\^+$/.test(line)) return `  ${paint('red', line)}`
  return line.startsWith('>') ? `  ${line}` : `  ${paint('gray', line)}`
}
