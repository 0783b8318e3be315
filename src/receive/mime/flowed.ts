/**
 * Joins the lines that a sender broke only to keep them short (`format=flowed`, RFC 3676 4). With `delsp` the blank
 * before the break goes as well. The signature's line `-- ` is no such line. Quotes of one depth flow together. Linear.
 */
export function joinFlowedLines(text: string, isDelSp: boolean): string {
  const paragraphs: string[] = []
  /** Pieces of the paragraph that may still go on. */
  let pieces: string[] = []
  let depth = 0
  const end = (): void => {
    if (pieces.length > 0) paragraphs.push(pieces.join(''))
    pieces = []
  }
  for (const line of text.split('\n')) {
    const quote = /^>{0,100}/.exec(line)?.[0] ?? ''
    const content = line.slice(quote.length).replace(/^ /, '')
    const isSignature = content === '-- '
    if (isSignature || quote.length !== depth) end()
    depth = quote.length
    if (pieces.length === 0 && quote !== '') pieces.push(`${quote} `)
    const isFlowed = content.endsWith(' ') && !isSignature
    pieces.push(isFlowed && isDelSp ? content.slice(0, -1) : content)
    if (!isFlowed) end()
  }
  end()
  return paragraphs.join('\n')
}
