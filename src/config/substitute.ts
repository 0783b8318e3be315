import { isAbsolute, resolve } from 'node:path'
import type { IssueList } from './issues.js'
import type { Place, SubstitutedPiece } from './source.js'
import { suggest } from './suggest.js'

/** What `${…}` can reach. */
export interface Surroundings {
  env: Record<string, string | undefined>
  /** Reads a small text file, or throws an error whose message says why it cannot. */
  readSecretFile: (path: string) => string
}

export interface Substituted {
  text: string
  pieces: SubstitutedPiece[]
  /** Something had no value; it has been reported. */
  incomplete: boolean
}

const pattern = /\$\$|\$\{(file:)?((?:\$\{\w+\}|[^{}])*)\}|\$\{/g
const variablePattern = /^([A-Za-z_]\w*)(?::([-?])([\s\S]*))?$/
const textSizeMax = 1_000_000

/**
 * Replaces `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, `${file:/path}` and `$$` in one parsed scalar. It works on
 * the value after YAML was read, so that nothing a variable holds can become a key, a list or another setting.
 * A file path may name variables, as in `${file:${CREDENTIALS_DIRECTORY}/slack}`; a file's last line break is dropped.
 */
export function substitute(text: string, place: Place, surroundings: Surroundings, issues: IssueList): Substituted {
  if (!text.includes('$')) return { text, pieces: [], incomplete: false }
  const pieces: SubstitutedPiece[] = []
  let incomplete = false
  const replaced = text.replace(pattern, (whole, isFile: string | undefined, inner: string | undefined) => {
    if (whole === '$$') return '$'
    const spot = spotOf(whole, place)
    if (inner === undefined) {
      incomplete = true
      issues.error('bad-variable', `"\${" is not closed by "}"`, spot, `write $\${ where \${ is meant as text`)
      return ''
    }
    const piece = isFile
      ? readFilePiece(inner, spot, surroundings, issues)
      : readVariable(inner, spot, surroundings, issues)
    incomplete ||= piece === null
    if (piece) pieces.push(piece)
    return piece?.value ?? ''
  })
  if (replaced.length > textSizeMax) {
    issues.error('too-long', `the value is longer than ${textSizeMax} characters after substitution`, place)
    return { text: '', pieces: [], incomplete: true }
  }
  return { text: replaced, pieces, incomplete }
}

function readVariable(inner: string, spot: Place, { env }: Surroundings, issues: IssueList): SubstitutedPiece | null {
  const match = variablePattern.exec(inner)
  const name = match?.[1]
  if (!match || name === undefined) {
    const hint = `the forms are \${VAR}, \${VAR:-default}, \${VAR:?message} and \${file:/path}; write $\${ for a literal \${`
    issues.error('bad-variable', `"\${${inner.slice(0, 40)}}" is not the name of a variable`, spot, hint)
    return null
  }
  const [, , operator, argument = ''] = match
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value !== undefined && (value !== '' || operator === undefined)) return { value, from: 'variable' }
  if (operator === '-') return { value: argument, from: 'variable' }
  const message = operator === '?' && argument ? `: ${argument}` : ''
  const hint = () => {
    const similar = suggest(name, Object.keys(env))
    return similar ? `did you mean "${similar}"?` : `set ${name} in the environment, or write \${${name}:-a default}`
  }
  issues.error('missing-variable', `the variable ${name} is not set${message}`, spot, hint)
  return null
}

function readFilePiece(
  inner: string,
  spot: Place,
  surroundings: Surroundings,
  issues: IssueList,
): SubstitutedPiece | null {
  let isComplete = true
  const path = inner.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const piece = readVariable(name, spot, surroundings, issues)
    isComplete &&= piece !== null
    return piece?.value ?? ''
  })
  if (!isComplete) return null
  if (path.trim() === '') {
    issues.error('bad-variable', `"\${file:}" names no file`, spot, `write \${file:/run/secrets/name}`)
    return null
  }
  try {
    const absolute = isAbsolute(path) ? path : resolve(spot.file.folder, path)
    const text = surroundings.readSecretFile(absolute)
    return { value: text.replace(/\r?\n$/, ''), from: 'file' }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    issues.error('missing-file', `${path} cannot be read: ${reason}`, spot, 'check the path, and who may read the file')
    return null
  }
}

/** Narrows a scalar's place to the `${…}` inside it, where the text stands as written. */
function spotOf(written: string, place: Place): Place {
  const index = place.file.text.slice(place.start, place.end).indexOf(written)
  const start = place.start + index
  return index < 0 ? place : { file: place.file, start, end: start + written.length }
}
