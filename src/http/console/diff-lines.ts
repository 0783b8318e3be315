export interface DiffLine {
  sign: 'same' | 'gone' | 'new'
  text: string
}

/** Above this, comparing takes longer than anybody reads. */
const linesMax = 400

/**
 * What became of a list of lines: the longest common part stays, the rest went or came. Null when there are too many.
 * Pure.
 */
export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] | null {
  if (before.length > linesMax || after.length > linesMax) return null
  const lengths = measureCommon(before, after)
  const width = after.length + 1
  const lines: DiffLine[] = []
  let one = 0
  let other = 0
  while (one < before.length || other < after.length) {
    const gone = before[one]
    const came = after[other]
    if (gone !== undefined && gone === came) {
      lines.push({ sign: 'same', text: gone })
      one++
      other++
    } else if (
      gone !== undefined &&
      (came === undefined || at(lengths, one + 1, other, width) >= at(lengths, one, other + 1, width))
    ) {
      lines.push({ sign: 'gone', text: gone })
      one++
    } else {
      lines.push({ sign: 'new', text: came ?? '' })
      other++
    }
  }
  return lines
}

/** How many lines the rests from each pair of places on have in common, in their order. */
function measureCommon(before: readonly string[], after: readonly string[]): Uint16Array {
  const width = after.length + 1
  const lengths = new Uint16Array((before.length + 1) * width)
  for (let one = before.length - 1; one >= 0; one--) {
    for (let other = after.length - 1; other >= 0; other--) {
      lengths[one * width + other] =
        before[one] === after[other]
          ? at(lengths, one + 1, other + 1, width) + 1
          : Math.max(at(lengths, one + 1, other, width), at(lengths, one, other + 1, width))
    }
  }
  return lengths
}

function at(lengths: Uint16Array, one: number, other: number, width: number): number {
  return lengths[one * width + other] ?? 0
}
