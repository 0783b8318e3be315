/** What a word is cut to, so that a line of base64 does not fill the index. */
const wordLengthMax = 64

/** Scripts that put no space between words, and signs: each character is a word, and words are phrases of them. */
const single =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}\\p{So}\\p{Extended_Pictographic}\\p{Co}'
const anyWord = new RegExp(`[${single}]|(?:(?![${single}])[\\p{L}\\p{N}\\p{M}])+`, 'gu')
const asciiWord = /[a-z0-9]+/g
/** Accents of the scripts that are read without them, and what only says how an emoji is drawn. */
const unread = /[\u0300-\u036f]|\u200d|\ufe0e|\ufe0f/g

/**
 * The words of a text as the search compares them: without case, accents and punctuation, in the order of the text. What
 * is kept of a mail and what is looked for both go through here, so that they agree.
 */
export function splitWords(text: string): string[] {
  const words = isAscii(text) ? text.toLowerCase().match(asciiWord) : fold(text).match(anyWord)
  return (words ?? []).map((word) => (word.length > wordLengthMax ? word.slice(0, wordLengthMax) : word))
}

/** Whether `word` is one of those whose characters are words by themselves: it has no beginning shorter than itself. */
export function isSingle(word: string): boolean {
  return singleWord.test(word)
}

const singleWord = new RegExp(`^[${single}]$`, 'u')

/** Decomposed before and after: lower case makes accents of its own, and some letters have one only when decomposed. */
function fold(text: string): string {
  const lower = text.normalize('NFKD').toLowerCase().normalize('NFKD')
  return lower.replace(unread, '').replaceAll('ς', 'σ').normalize('NFC')
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 127) return false
  return true
}
