/** Tells which of many literals may occur in a text. */
export interface LiteralIndex {
  /** Adds the positions of all literals that occur, and perhaps of some that do not: who asks must verify. */
  find: (text: string, into: Set<number>) => void
}

const pieceLength = 8

/**
 * Builds an index from non-empty literals to positions. Each literal is filed under the piece of eight characters (or
 * all of it, when shorter) that the fewest literals share: of `[sentry] project-123` that is about the number, so ten
 * thousand rules with one beginning do not all come up. A lookup costs one probe a character and piece length.
 */
export function buildLiteralIndex(positionsByLiteral: ReadonlyMap<string, number[]>): LiteralIndex {
  const popularity = new Map<string, number>()
  for (const literal of positionsByLiteral.keys()) {
    for (const piece of new Set(piecesOf(literal))) popularity.set(piece, (popularity.get(piece) ?? 0) + 1)
  }
  const positionsByPiece = new Map<string, number[]>()
  for (const [literal, positions] of positionsByLiteral) {
    const piece = rarest(piecesOf(literal), popularity)
    const known = positionsByPiece.get(piece) ?? []
    positionsByPiece.set(piece, known)
    for (const position of positions) known.push(position)
  }
  const lengths = [...new Set([...positionsByPiece.keys()].map(({ length }) => length))]
  return {
    find(text, into) {
      for (const length of lengths) {
        for (let at = 0; at + length <= text.length; at++) {
          const positions = positionsByPiece.get(text.slice(at, at + length))
          if (positions) for (const position of positions) into.add(position)
        }
      }
    },
  }
}

function piecesOf(literal: string): string[] {
  if (literal === '') throw new RangeError('an empty literal occurs everywhere and cannot be indexed')
  const pieces: string[] = []
  const length = Math.min(pieceLength, literal.length)
  for (let at = 0; at + length <= literal.length; at++) pieces.push(literal.slice(at, at + length))
  return pieces
}

function rarest(pieces: string[], popularity: Map<string, number>): string {
  let best = ''
  let bestCount = Number.POSITIVE_INFINITY
  for (const piece of pieces) {
    const count = popularity.get(piece) ?? 0
    if (count >= bestCount) continue
    best = piece
    bestCount = count
  }
  return best
}
