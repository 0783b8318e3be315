/** Of 75 characters that an encoded word may have, twelve say what it is; base64 makes four of three (RFC 2047). */
const wordBytesMax = 45

/**
 * A header's text as encoded words, which any bytes survive. Plain ASCII stays as it is, unless it could be taken for
 * such a word.
 */
export function encodeWords(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text) && !text.includes('=?') && text.trim() === text) return text
  const words: string[] = []
  let word = Buffer.alloc(0)
  for (const character of text) {
    const bytes = Buffer.from(character)
    if (word.length + bytes.length > wordBytesMax) {
      words.push(writeWord(word))
      word = Buffer.alloc(0)
    }
    word = Buffer.concat([word, bytes])
  }
  return [...words, writeWord(word)].join(' ')
}

function writeWord(bytes: Buffer): string {
  return `=?UTF-8?B?${bytes.toString('base64')}?=`
}
