import { findSource, type SourceMap } from './source-map.js'

export interface GuestError {
  /** One line, with the author's own file and line when they are known. */
  message: string
  /** The author's frames of the stack, the innermost first. */
  stack: string[]
}

/** The name scripts run under inside the engine: the frames that bear it are the author's. */
export const bundleName = 'guest.js'

const framesMax = 10
const messageMax = 1_000

/**
 * Reads what a guest said about its failure: a message, and below it for scripts the engine's stack. Positions in the
 * bundle become positions in the author's files, and frames of the engine itself are left out.
 */
export function readGuestError(text: string, map: SourceMap | null): GuestError {
  const lines = text.split('\n')
  const firstFrame = lines.findIndex((line) => framePattern.test(line))
  const words = firstFrame < 0 ? lines : lines.slice(0, firstFrame)
  const message = words.join(' ').replace(/\s+/g, ' ').trim().slice(0, messageMax)
  const stack = (firstFrame < 0 || map === null ? [] : lines.slice(firstFrame))
    .map((line) => (map === null ? null : readFrame(line, map)))
    .filter((frame) => frame !== null)
    .slice(0, framesMax)
  const innermost = stack[0]
  const said = message === '' ? 'the guest failed without saying why' : message
  return {
    message: innermost ? `${said} (${innermost.place})` : said,
    stack: stack.map((frame) => `at ${frame.name} (${frame.place})`),
  }
}

const framePattern = /^\s*at (?:(.*?) \()?([^()\s]+):(\d+):(\d+)\)?$/

function readFrame(line: string, map: SourceMap): { name: string; place: string } | null {
  const match = framePattern.exec(line)
  if (!match || match[2] !== bundleName) return null
  const position = findSource(map, Number(match[3]), Number(match[4]))
  if (!position) return null
  return { name: match[1] || '<top level>', place: `${position.source}:${position.line}:${position.column}` }
}
