/**
 * How two texts are compared when a rule does not ask for case.
 *
 * The form is NFC plus case folding (Unicode Standard, section 3.13), one character to one character except `ß`:
 * - `ß` and `ẞ` equal `ss`, as upper-casing programs write them.
 * - The four Turkish letters i, I, ı, İ are one letter: neither a rule nor a mail says which language it is in.
 * - Full-width ASCII (`［Ａ］`) equals ASCII, and the fixed-width spaces equal a space. NFKC would do that too, but it
 *   also turns `²` into `2` and `™` into `TM`, which makes numbers and names match that are different.
 * - Letters with two lower-case shapes (`ς`, `ſ`, `µ`, …) equal their ordinary one.
 */
export function foldText(text: string): string {
  const lowered = text.normalize('NFC').replaceAll('İ', 'i').toLowerCase()
  return lowered.replace(unusual, foldCharacter)
}

/** Canonically equal texts are the same text also where case matters. */
export function composeText(text: string): string {
  return text.normalize('NFC')
}

/** The index in a composed text that an index in its folded form stands for. Only `ß` grows when folded. */
export function unfoldIndex(composed: string, foldedIndex: number): number {
  let grown = 0
  for (const { index } of composed.matchAll(/[ßẞ]/g)) {
    if (index + grown >= foldedIndex) break
    grown++
  }
  return foldedIndex - grown
}

const unusual = /[ßıſµςẛϐϑϕϖϰϱϵ\u1fbe\u00a0\u2007\u202f\u3000\uff01-\uff5e]/g

const ordinary: ReadonlyMap<string, string> = new Map([
  ['ß', 'ss'],
  ['ı', 'i'],
  ['ſ', 's'],
  ['µ', 'μ'],
  ['ς', 'σ'],
  ['ẛ', 'ṡ'],
  ['ϐ', 'β'],
  ['ϑ', 'θ'],
  ['ϕ', 'φ'],
  ['ϖ', 'π'],
  ['ϰ', 'κ'],
  ['ϱ', 'ρ'],
  ['ϵ', 'ε'],
  ['\u1fbe', 'ι'],
  ['\u00a0', ' '],
  ['\u2007', ' '],
  ['\u202f', ' '],
  ['\u3000', ' '],
])

/** Full-width forms lie in the order of ASCII, 0xFEE0 further up. */
function foldCharacter(character: string): string {
  return ordinary.get(character) ?? String.fromCharCode(character.charCodeAt(0) - 0xfee0)
}
