const distanceMax = 2
const lengthMax = 64

/** The candidate a misspelt word most likely means, or null. */
export function suggest(word: string, candidates: Iterable<string>): string | null {
  if (word.length === 0 || word.length > lengthMax) return null
  const plainWord = plain(word)
  let best: string | null = null
  let bestDistance = distanceMax + 1
  for (const candidate of candidates) {
    if (candidate.length > lengthMax) continue
    const plainCandidate = plain(candidate)
    if (plainCandidate === plainWord) return candidate
    const distance = editDistance(plainWord, plainCandidate)
    // Two edits turn any two-letter word into any other, so that short words allow fewer.
    const allowed = Math.min(distanceMax, Math.floor(Math.min(plainWord.length, plainCandidate.length) / 2))
    if (distance <= allowed && distance < bestDistance) {
      best = candidate
      bestDistance = distance
    } else if (best === null && isPrefix(plainWord, plainCandidate)) {
      best = candidate
    }
  }
  return best
}

/** `did you mean "contains"?`; else `allowed here: …`, at most 24 of them; null when there is nothing to say. */
export function suggestionHint(word: string, candidates: readonly string[], introduction: string): string | null {
  const suggestion = suggest(word, candidates)
  if (suggestion !== null) return `did you mean ${JSON.stringify(suggestion)}?`
  if (candidates.length === 0) return null
  const shown = candidates.slice(0, 24).join(', ')
  return `${introduction} ${shown}${candidates.length > 24 ? ', …' : ''}`
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, '')
}

function isPrefix(word: string, candidate: string): boolean {
  return word.length >= 3 && (candidate.startsWith(word) || (candidate.length >= 3 && word.startsWith(candidate)))
}

/** Levenshtein distance, given up (as `distanceMax + 1`) as soon as it must be larger than `distanceMax`. */
function editDistance(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > distanceMax) return distanceMax + 1
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const substituted = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1)
      current.push(Math.min(substituted, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    if (Math.min(...current) > distanceMax) return distanceMax + 1
    previous = current
  }
  return previous[right.length] ?? 0
}
