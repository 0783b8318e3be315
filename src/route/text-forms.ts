import { foldText } from './fold.js'

/** How much a search may compare before it gives up: characters looked at, whatever the search. Shared by all of one mail. */
export interface Effort {
  charactersLeft: number
}

/** Takes the characters from what is left; false, and nothing taken, when there are not so many. */
export function spend(effort: Effort, characters: number): boolean {
  if (characters > effort.charactersLeft) return false
  effort.charactersLeft -= characters
  return true
}

/** A text in a form that leaves out differences, with the way back to the text it was made of. */
export interface TextForm {
  text: string
  /** Where in the original each character of `text` comes from; one more at the end for the end of the original. */
  origins: Uint32Array
}

/** What nobody sees: format and control characters, the joiner and the variation selectors. */
export const invisiblePattern = /\p{Cf}|\p{Cc}|\u034f|[\ufe00-\ufe0f]/u

/**
 * What a form leaves out: `folded` letter case; `blanks` also how much white space there is, and invisible characters;
 * `letters` also accents and compatibility forms, such as full-width letters, ligatures and `²`.
 */
export type FormSort = 'folded' | 'blanks' | 'letters'

/** @param composed a text in NFC */
export function formText(composed: string, sort: FormSort): TextForm {
  const pieces: string[] = []
  const origins: number[] = []
  let at = 0
  let endsInBlank = false
  for (const character of composed) {
    let piece = sort === 'folded' ? foldCharacter(character) : looseCharacter(character, sort)
    if (sort !== 'folded') {
      if (piece === ' ' && endsInBlank) piece = ''
      if (piece !== '') endsInBlank = piece === ' '
    }
    pieces.push(piece)
    for (let index = 0; index < piece.length; index++) origins.push(at)
    at += character.length
  }
  origins.push(at)
  return { text: pieces.join(''), origins: Uint32Array.from(origins) }
}

/** The stretch of the original that a stretch of the form stands for. */
export function originOf({ origins }: TextForm, start: number, length: number): { start: number; end: number } {
  return { start: origins[start] ?? 0, end: origins[start + length] ?? 0 }
}

function foldCharacter(character: string): string {
  const code = character.charCodeAt(0)
  if (code >= 0x80) return foldText(character)
  return code >= 0x41 && code <= 0x5a ? String.fromCharCode(code + 0x20) : character
}

function looseCharacter(character: string, sort: FormSort): string {
  if (/\s/.test(character) && character !== '\ufeff') return ' '
  if (character.charCodeAt(0) < 0x80) return foldCharacter(character)
  if (invisiblePattern.test(character)) return ''
  if (sort === 'blanks') return foldCharacter(character)
  const plain = character.normalize('NFKD').replace(/\p{Mn}/gu, '')
  return foldText(plain).trim() === '' ? (plain === '' ? '' : ' ') : foldText(plain)
}

/** A stretch of a text that is nearly what was looked for. */
export interface NearHit {
  start: number
  end: number
  /** Characters to change, add or leave out. */
  edits: number
}

/** Texts longer than this are not searched for what is only similar. */
export const similarTextMax = 2_000
const similarLiteralMax = 64

/** How many letters may differ: in a short word two changes make another word. */
export function editsMaxFor(literal: string): number {
  if (literal.length < 5 || literal.length > similarLiteralMax) return 0
  return literal.length < 8 ? 1 : 2
}

/**
 * The stretch of `text` with the fewest edits to `literal`, if there are at most `editsMax` (Sellers' algorithm: a
 * column of the distance table a character, with where its best path began). Null when there is none, when the text is
 * too long, or when the effort is used up.
 */
export function findSimilar(text: string, literal: string, editsMax: number, effort: Effort): NearHit | null {
  const rows = literal.length
  if (rows === 0 || editsMax === 0 || text.length > similarTextMax) return null
  if (!spend(effort, text.length * rows)) return null
  let edits = Array.from({ length: rows + 1 }, (_, row) => row)
  let starts = new Array<number>(rows + 1).fill(0)
  let best: NearHit | null = null
  for (let column = 1; column <= text.length; column++) {
    const nextEdits = [0]
    const nextStarts = [column]
    for (let row = 1; row <= rows; row++) {
      const change = (edits[row - 1] ?? 0) + (literal[row - 1] === text[column - 1] ? 0 : 1)
      const leaveOut = (edits[row] ?? 0) + 1
      const add = (nextEdits[row - 1] ?? 0) + 1
      const least = Math.min(change, leaveOut, add)
      nextEdits.push(least)
      nextStarts.push(
        (least === change ? starts[row - 1] : least === leaveOut ? starts[row] : nextStarts[row - 1]) ?? column,
      )
    }
    edits = nextEdits
    starts = nextStarts
    const found = edits[rows] ?? rows
    if (found <= editsMax && (best === null || found < best.edits)) {
      best = { start: starts[rows] ?? 0, end: column, edits: found }
    }
  }
  return best
}
