import type { ActionCallSettings } from '../domain/config.js'
import type { ActionInput, GuestAttachment } from '../domain/guest-abi.js'
import type { Address, Attachment, Mail } from '../domain/mail.js'
import { readPlusKeys } from '../domain/plus-address.js'

/** The ABI's limit on the JSON of one input: copying more into the guest would take longer than an action may. */
export const inputBytesMax = 4 * 1024 * 1024

const attachmentBytesMax = 256 * 1024
const attachmentsMax = 200
const filenameMax = 255
const addressesMax = 1_000
const subjectMax = 10_000
const variablesMax = 100
const variableMax = 16_384
const headerNamesMax = 500
const headerBytesMax = 512 * 1024
const textBytesMax = 1.5 * 1024 * 1024

export interface ActionInputParts {
  action: ActionCallSettings
  mail: Mail
  recipients: string[]
  variables: Record<string, string>
  /** The mail's attachments and the attached lookups, in any order. */
  attachments: Attachment[]
}

/**
 * What an action sees of a mail, cut so that the JSON stays within `inputBytesMax`. What there is room for is given
 * first to headers and text, then to attachments in their order, and last to the HTML, because the text says the same.
 *
 * Attached lookups stand before the mail's own attachments, so that a sender cannot put a file of the same name in
 * front of them.
 */
export function buildActionInput(parts: ActionInputParts): ActionInput {
  const { mail } = parts
  const own = new Set(mail.attachments)
  const attachments = [
    ...parts.attachments.filter((attachment) => !own.has(attachment)),
    ...parts.attachments.filter((attachment) => own.has(attachment)),
  ].slice(0, attachmentsMax)
  const input = describeWithoutTexts(parts, attachments)

  let bytesLeft = inputBytesMax - jsonBytes(input)
  const spend = <T>(value: T): T => {
    bytesLeft -= jsonBytes(value)
    return value
  }
  input.mail.headers = spend(fitHeaders(mail.headers, Math.min(headerBytesMax, bytesLeft)))
  input.mail.text = spend(fitText(mail.text, Math.min(textBytesMax, bytesLeft)))
  for (const [index, described] of input.attachments.entries()) {
    const content = readTextual(attachments[index], bytesLeft)
    if (content === null) continue
    described.content = content === tooLarge ? null : spend(content)
    described.truncated = content === tooLarge
  }
  input.mail.html = mail.html === null ? null : spend(fitText(mail.html, bytesLeft))
  return input
}

function describeWithoutTexts(parts: ActionInputParts, attachments: Attachment[]): ActionInput {
  const { action, mail, variables } = parts
  return {
    version: 1,
    action: { name: action.name, config: action.config },
    envelope: { from: mail.envelope.from, to: [...mail.envelope.to], keys: readPlusKeys(mail.envelope.to) },
    recipients: [...parts.recipients],
    variables: Object.fromEntries(
      Object.entries(variables)
        .slice(0, variablesMax)
        .map(([name, value]) => [name, cut(value, variableMax)]),
    ),
    mail: {
      id: mail.id,
      date: new Date(mail.date).toISOString(),
      subject: cut(mail.subject, subjectMax),
      from: listAddresses(mail.from)[0] ?? '',
      to: listAddresses(mail.to),
      cc: listAddresses(mail.cc),
      text: '',
      html: null,
      headers: {},
      auth: mail.auth && { spf: mail.auth.spf, dkim: mail.auth.dkim, dmarc: mail.auth.dmarc },
    },
    attachments: attachments.map(
      (attachment): GuestAttachment => ({
        filename: cut(attachment.filename, filenameMax),
        content_type: cut(attachment.contentType, filenameMax),
        size: attachment.sizeBytes,
        content: null,
        truncated: false,
      }),
    ),
  }
}

function listAddresses(addresses: Address[]): string[] {
  return addresses.slice(0, addressesMax).map(({ address }) => cut(address, filenameMax))
}

const tooLarge = Symbol('a textual attachment that is too large to be shown')

/** The text of a textual attachment; null when it is none. */
function readTextual(attachment: Attachment | undefined, bytesMax: number): string | typeof tooLarge | null {
  if (!attachment || !isTextual(attachment.contentType)) return null
  if (attachment.content.length > attachmentBytesMax) return tooLarge
  const text = new TextDecoder().decode(attachment.content)
  return jsonBytes(text) > bytesMax ? tooLarge : text
}

function isTextual(contentType: string): boolean {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return type.startsWith('text/') || /^application\/(?:[\w.-]+\+)?(?:json|xml|yaml|x-yaml|x-ndjson)$/.test(type)
}

/** As many headers as fit, in the order of the mail. */
function fitHeaders(headers: Record<string, string[]>, bytesMax: number): Record<string, string[]> {
  const fitted: [string, string[]][] = []
  let bytesLeft = bytesMax
  for (const entry of Object.entries(headers).slice(0, headerNamesMax)) {
    const sizeBytes = jsonBytes(entry)
    if (sizeBytes > bytesLeft) continue
    bytesLeft -= sizeBytes
    fitted.push(entry)
  }
  return Object.fromEntries(fitted)
}

/** The longest start of a text whose JSON fits, give or take a tenth. */
function fitText(text: string, bytesMax: number): string {
  let fitted = cut(text, Math.max(0, bytesMax))
  for (let sizeBytes = jsonBytes(fitted); sizeBytes > bytesMax; sizeBytes = jsonBytes(fitted)) {
    if (fitted === '') return ''
    fitted = cut(fitted, Math.floor(fitted.length * Math.min(0.9, bytesMax / sizeBytes)))
  }
  return fitted
}

/** Never leaves half of a surrogate pair behind. */
function cut(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length).replace(/[\ud800-\udbff]$/, '')
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
