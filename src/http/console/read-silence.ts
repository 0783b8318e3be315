import { z } from 'zod'
import { ApiError } from '../../domain/errors.js'
import type { SilenceMatchers } from '../../domain/silence.js'
import { parseDuration } from '../../domain/units.js'
import type { NewSilence } from '../../engine/silence-calls.js'

const linesLengthMax = 8_000

/** A silence as it is entered: matchers one a line, times in UTC. Also what a link to the form may fill in. */
export const silenceForm = z.object({
  routes: z.string().max(linesLengthMax).default(''),
  channels: z.string().max(linesLengthMax).default(''),
  labels: z.string().max(linesLengthMax).default(''),
  starts: z.string().max(40).default(''),
  for: z.string().max(40).default(''),
  ends: z.string().max(40).default(''),
  comment: z.string().max(1_000).default(''),
})
export type EnteredSilence = z.infer<typeof silenceForm>

/** Throws `ApiError` 400 for what cannot be read. Without a start it begins at `now`. */
export function readSilence(entered: EnteredSilence, now: number): NewSilence {
  const startsAt = entered.starts === '' ? now : readMoment(entered.starts, 'the start')
  return {
    matchers: readMatchers(entered),
    startsAt,
    endsAt: readEnd(entered, startsAt),
    comment: entered.comment.trim(),
  }
}

function readMatchers({ routes, channels, labels }: EnteredSilence): SilenceMatchers {
  return { routes: splitLines(routes), channels: splitLines(channels), labels: readLabels(splitLines(labels)) }
}

function splitLines(text: string): string[] {
  return [...new Set(text.split(/\r?\n/).map((line) => line.trim()))].filter((line) => line !== '')
}

function readLabels(lines: string[]): Record<string, string> {
  const pairs = lines.map((line): [string, string] => {
    const at = line.indexOf('=')
    if (at > 0) return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    throw refuse(`"${line.slice(0, 60)}" is no label`, 'Write host=db1, one a line; * stands for any text.')
  })
  return Object.fromEntries(pairs)
}

function readEnd({ for: span, ends }: EnteredSilence, startsAt: number): number {
  if ((span === '') === (ends === '')) {
    throw refuse('A silence has one end.', 'Say either how long it lasts, or until when.')
  }
  if (ends !== '') return readMoment(ends, 'the end')
  const ms = parseDuration(span)
  if (ms !== null && ms > 0) return startsAt + ms
  throw refuse(`"${span}" is no duration`, 'Write 30m, 2h or 7d.')
}

/** What a field of date and time says, which has no zone: UTC, as its label says. */
function readMoment(text: string, what: string): number {
  const isPlain = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?$/.test(text)
  const at = Date.parse(isPlain ? `${text.replace(' ', 'T')}Z` : text)
  if (!Number.isNaN(at)) return at
  throw refuse(`${what} is no time`, 'Write 2026-11-20T09:00.')
}

function refuse(message: string, hint: string): ApiError {
  return new ApiError(400, 'bad_request', message, hint)
}
