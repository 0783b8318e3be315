import { formatSize } from '../domain/units.js'
import type { MailContent } from '../engine/mail-content.js'
import type { Cli } from './cli.js'
import { cut, showText } from './print-trace.js'

const textLengthMax = 10_000

const sources: Record<MailContent['text_source'], string> = {
  text: 'text',
  html: 'text made of its HTML',
  raw: 'as it came, since it could not be read',
  none: 'no text',
}

/** What a mail says, as a person reads it; `all` shows a long text to its end. Nothing in it can steer the terminal. */
export function printContent(content: MailContent, { colors, all }: { colors: Cli['colors']; all: boolean }): string {
  const { text, attachments } = content
  const shown = all ? text : text.slice(0, textLengthMax)
  const rest = text.length - shown.length
  const lines = ['', colors.dim(`── ${sources[content.text_source]} ──`), withoutMarks(showText(shown)).trimEnd()]
  if (rest > 0) lines.push(colors.dim(`… ${rest} more characters, with --all`))
  for (const { filename, content_type, size_bytes } of attachments) {
    lines.push(colors.dim(`+ ${cut(filename, 100)}  ${content_type}, ${formatSize(size_bytes)}`))
  }
  return lines.filter((line, index) => index === 0 || line !== '').join('\n')
}

/** Marks of direction could make a line read as something it is not. */
function withoutMarks(text: string): string {
  return text.replace(/[\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}
