/** The text in pieces, URLs apart from what is between them. Punctuation behind a URL belongs to the sentence. */
export function splitUrls(text: string): { text: string; isUrl: boolean }[] {
  return text
    .split(/(https?:\/\/[^\s<>"|]+)/i)
    .flatMap((part, index) => {
      if (index % 2 === 0) return [{ text: part, isUrl: false }]
      const url = part.replace(/[.,;:!?'")\]}]{1,10}$/, '')
      return [
        { text: url, isUrl: true },
        { text: part.slice(url.length), isUrl: false },
      ]
    })
    .filter((part) => part.text !== '')
}
