import type { Outcome } from '../domain/channel.js'
import { formatSize } from '../domain/units.js'
import type { AttachedFile } from './read-attachments.js'

const nameMax = 80
const reasonMax = 120
const textMax = 1_000

/**
 * Sends files behind a message that has arrived, one after the other. Whatever becomes of them, the message is not sent
 * once more: what failed is named in the outcome, and the message names all of them anyway. After a refusal that is not
 * about the file itself no further file is tried, for it would be refused, too.
 */
export async function sendFilesBehind(
  sent: Extract<Outcome, { kind: 'delivered' | 'accepted' }>,
  files: readonly AttachedFile[],
  send: (file: AttachedFile, number: number) => Promise<Outcome>,
): Promise<Outcome> {
  const failed: string[] = []
  for (const [index, file] of files.entries()) {
    const outcome = await send(file, index + 1)
    if (outcome.kind === 'delivered' || outcome.kind === 'accepted') continue
    failed.push(describeFailure(file, outcome.text))
    const left = files.length - index - 1
    if (isAboutFile(outcome) || left === 0) continue
    failed.push(`${left} more`)
    break
  }
  if (failed.length === 0) return sent
  return { ...sent, text: `${sent.text}; not sent along: ${failed.join(', ')}`.slice(0, textMax) }
}

export function describeFailure({ filename, content }: AttachedFile, reason: string): string {
  return `${filename.slice(0, nameMax)} (${formatSize(content.length)}: ${reason.slice(0, reasonMax)})`
}

function isAboutFile(outcome: Outcome): boolean {
  return outcome.kind === 'degrade' || (outcome.kind === 'permanent' && outcome.scope === 'message')
}
