import type { Mail } from './mail.js'

/** What of a mail the search looks at. */
export interface SearchText {
  subject: string
  /** The sender as the mail names it; the envelope's stands with the mail already. */
  from: string
  /** To and Cc. */
  to: string
  body: string
  hasAttachment: boolean
}

const subjectLengthMax = 2_000
const addressesLengthMax = 8_000
const bodyLengthMax = 32_000

/** The beginning of each part: what stands behind it is not found. */
export function toSearchText(mail: Mail): SearchText {
  return {
    subject: mail.subject.slice(0, subjectLengthMax),
    from: joinAddresses(mail.from),
    to: joinAddresses([...mail.to, ...mail.cc]),
    body: mail.text.slice(0, bodyLengthMax),
    hasAttachment: mail.attachments.length > 0,
  }
}

function joinAddresses(addresses: Mail['from']): string {
  let joined = ''
  for (const { name, address } of addresses) {
    if (joined.length >= addressesLengthMax) break
    joined += `${name} ${address}\n`
  }
  return joined.slice(0, addressesLengthMax)
}
