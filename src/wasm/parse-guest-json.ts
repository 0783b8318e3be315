import { type GuestLog, SandboxError } from '../domain/errors.js'

const depthMax = 100
const quote = 0x22
const backslash = 0x5c
const opening = new Set([0x5b, 0x7b])
const closing = new Set([0x5d, 0x7d])

/** The value a guest gave as JSON. Throws `SandboxError('output')`, which carries what the guest logged. */
export function parseGuestJson(json: string, logs: GuestLog[]): unknown {
  if (isNestedTooDeep(json)) {
    throw new SandboxError('output', `the guest's output is nested deeper than ${depthMax} levels`, logs)
  }
  try {
    return JSON.parse(json)
  } catch {
    throw new SandboxError('output', `the guest's output is not JSON: ${JSON.stringify(json.slice(0, 80))}`, logs)
  }
}

/**
 * `JSON.parse` takes any depth, but whoever walks its value by recursion falls over. Looked for in the text, in one pass:
 * a regular expression would be quadratic in a text of nothing but quotes.
 */
function isNestedTooDeep(json: string): boolean {
  let depth = 0
  let inText = false
  for (let index = 0; index < json.length; index++) {
    const code = json.charCodeAt(index)
    if (inText && code === backslash) index++
    else if (code === quote) inText = !inText
    else if (!inText && opening.has(code)) depth++
    else if (!inText && closing.has(code)) depth--
    if (depth > depthMax) return true
  }
  return false
}
