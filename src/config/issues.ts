import type { ConfigIssue } from '../domain/errors.js'
import { isBehindSecretKey, renderFrame, type SecretKeys } from './frame.js'
import { type Place, positionOf } from './source.js'

const issuesMax = 100

/** A function where a hint costs something, such as comparing with every known name: it is only asked if shown. */
type Hint = string | null | (() => string | null)

/**
 * Collects what is wrong with a config, so that a person mends it in one go. Holds each issue once, at most 100
 * errors and 100 warnings, and leaves out warnings that a `# mailtrigger-ignore: <code>` comment on the line, or on
 * the line above, puts aside.
 */
export class IssueList {
  readonly #secretKeys: SecretKeys
  readonly #issues = new Map<string, ConfigIssue>()
  readonly #counts = { error: 0, warning: 0 }
  #omitted = 0

  constructor(secretKeys: SecretKeys) {
    this.#secretKeys = secretKeys
  }

  error(code: string, message: string, place: Place | null, hint: Hint = null): void {
    this.#add('error', code, message, place, hint)
  }

  warning(code: string, message: string, place: Place | null, hint: Hint = null): void {
    if (place && isIgnored(code, place)) return
    this.#add('warning', code, message, place, hint)
  }

  /** True when what stands at a place must not be quoted in a message or hint. */
  isSecret(place: Place): boolean {
    return isBehindSecretKey(place, this.#secretKeys)
  }

  hasErrors(): boolean {
    return this.#counts.error > 0
  }

  /** In the order of the files; what has no place comes first. */
  toArray(): ConfigIssue[] {
    const fileOrder = new Map<string, number>()
    for (const { position } of this.#issues.values()) {
      if (position && !fileOrder.has(position.file)) fileOrder.set(position.file, fileOrder.size)
    }
    const issues = [...this.#issues.values()].sort((left, right) => {
      if (!left.position || !right.position) return Number(left.position !== null) - Number(right.position !== null)
      const files = (fileOrder.get(left.position.file) ?? 0) - (fileOrder.get(right.position.file) ?? 0)
      const places = left.position.line - right.position.line || left.position.column - right.position.column
      return files || places || Number(left.severity === 'warning') - Number(right.severity === 'warning')
    })
    if (this.#omitted > 0) issues.push(omission(this.#omitted, this.hasErrors()))
    return issues
  }

  #add(severity: ConfigIssue['severity'], code: string, message: string, place: Place | null, hint: Hint) {
    const position = place ? positionOf(place) : null
    const id = `${code} ${position?.file}:${position?.line}:${position?.column} ${message}`
    if (this.#issues.has(id)) return
    this.#counts[severity]++
    if (this.#counts[severity] > issuesMax) {
      this.#omitted++
      return
    }
    const frame = place ? renderFrame(place, this.#secretKeys) : null
    const shownHint = typeof hint === 'function' ? hint() : hint
    this.#issues.set(id, { message, code, severity, position, hint: shownHint, frame })
  }
}

function isIgnored(code: string, place: Place): boolean {
  const { lineStarts, text } = place.file
  const { line } = positionOf(place)
  const lines = text.slice(lineStarts[Math.max(0, line - 2)], lineStarts[line])
  for (const [, list] of lines.matchAll(/#\s*mailtrigger-ignore:\s*([\w-]+(?:\s*,\s*[\w-]+)*)/g)) {
    if (list?.split(/\s*,\s*/).includes(code)) return true
  }
  return false
}

function omission(count: number, isError: boolean): ConfigIssue {
  return {
    message: `${count} more ${count === 1 ? 'issue is' : 'issues are'} not shown`,
    code: 'too-many-issues',
    severity: isError ? 'error' : 'warning',
    position: null,
    hint: 'mend the ones above first',
    frame: null,
  }
}
