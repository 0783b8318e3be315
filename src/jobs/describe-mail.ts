import type { ActionInput } from '../domain/guest-abi.js'
import type { Address, Mail } from '../domain/mail.js'

const textMax = 500_000
const headerNamesMax = 500
const headerLengthMax = 20_000
const addressesMax = 1_000

/** A mail as guests see it, cut so that its JSON is a few megabytes at most. */
export function describeMail(mail: Mail): ActionInput['mail'] {
  const headers = Object.entries(mail.headers).slice(0, headerNamesMax)
  return {
    id: mail.id,
    date: new Date(mail.date).toISOString(),
    subject: mail.subject.slice(0, headerLengthMax),
    from: addressesOf(mail.from)[0] ?? '',
    to: addressesOf(mail.to),
    cc: addressesOf(mail.cc),
    text: mail.text.slice(0, textMax),
    html: mail.html?.slice(0, textMax) ?? null,
    headers: Object.fromEntries(
      headers.map(([name, values]) => [name, values.slice(0, 100).map((value) => value.slice(0, headerLengthMax))]),
    ),
    auth: mail.auth && { spf: mail.auth.spf, dkim: mail.auth.dkim, dmarc: mail.auth.dmarc },
  }
}

function addressesOf(addresses: Address[]): string[] {
  return addresses.slice(0, addressesMax).map(({ address }) => address)
}
