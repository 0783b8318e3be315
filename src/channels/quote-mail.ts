import type { Address, Mail } from '../domain/mail.js'
import { cleanLine, cleanText } from './clean-text.js'
import { cutText } from './cut-text.js'

const textMax = 100_000
const addressesMax = 20
const lineMax = 500

/** The original as mail programs quote what they forward: who, when, to whom, about what, and its text. Plain text. */
export function quoteMail(mail: Mail): string {
  const head = [
    ['From', listAddresses(mail.from) || mail.envelope.from],
    ['Date', new Date(mail.date).toUTCString()],
    ['To', listAddresses(mail.to)],
    ['Cc', listAddresses(mail.cc)],
    ['Subject', mail.subject],
  ].flatMap(([name, value = '']) => {
    const line = cutText(cleanLine(value), lineMax, 'code_points')
    return line === '' ? [] : [`${name}: ${line}`]
  })
  // Cut first: cleaning goes through all of it.
  const text = cutText(cleanText(mail.text.slice(0, textMax * 2)), textMax, 'code_points')
  return ['-------- Original message --------', ...head, '', text || '(no text)'].join('\n')
}

function listAddresses(addresses: Address[]): string {
  const shown = addresses.slice(0, addressesMax).map(({ name, address }) => (name ? `${name} <${address}>` : address))
  const more = addresses.length - shown.length
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ')
}
