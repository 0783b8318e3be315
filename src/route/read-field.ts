import type { Address, Mail } from '../domain/mail.js'
import { readPlusKeys, withPlainAddresses } from '../domain/plus-address.js'
import type { LlmField, TextField } from '../domain/route.js'

/**
 * The values of one field of a mail, without the blanks around them: a folded subject begins with one, a body ends in a
 * newline, and neither is part of what a rule means. An absent header, user or attachment has no value.
 * `from` and `to` give every address and every display name, each as a value of its own.
 */
export function readField(mail: Mail, field: TextField): string[] {
  return readRaw(mail, field).map((value) => value.trim())
}

/** What a rule may call a value: an envelope recipient with a `+` also by its plain address. */
export function formsOf(value: string, field: TextField): string[] {
  return field.type === 'rcpt' ? withPlainAddresses([value]) : [value]
}

/** All that a rule may call the values of a field, each once. */
export function readForms(mail: Mail, field: TextField): string[] {
  const values = readField(mail, field)
  return field.type === 'rcpt' ? withPlainAddresses(values) : values
}

/** The addresses of a field, without display names, as an address glob sees them. */
export function readAddresses(mail: Mail, field: TextField): string[] {
  if (field.type === 'from') return mail.from.map(({ address }) => address)
  if (field.type === 'to') return [...mail.to, ...mail.cc].map(({ address }) => address)
  return readField(mail, field)
}

/** The name of a field as a rule's author writes it: `subject`, `header X-Foo`, `attachment filename`. */
export function describeField(field: TextField): string {
  if (field.type === 'header') return `header ${field.name}`
  if (field.type === 'attachment') return `attachment ${field.part}`
  return field.type
}

/** Equal for fields that read the same values. */
export function keyOfField(field: TextField): string {
  return describeField(field).toLowerCase()
}

/** What a rule lets an LLM see of a mail, and nothing else. */
export function readLlmContent(mail: Mail, fields: LlmField[]): Partial<Record<LlmField, string>> {
  const content: Partial<Record<LlmField, string>> = {}
  for (const field of fields) content[field] = readLlmField(mail, field)
  return content
}

function readRaw(mail: Mail, field: TextField): string[] {
  switch (field.type) {
    case 'subject':
      return [mail.subject]
    case 'body':
      return [mail.text]
    case 'html':
      return mail.html === null ? [] : [mail.html]
    case 'from':
      return mail.from.flatMap(namesOf)
    case 'to':
      return [...mail.to, ...mail.cc].flatMap(namesOf)
    case 'rcpt':
      return mail.envelope.to
    case 'rcpt_key':
      return readPlusKeys(mail.envelope.to)
    case 'sender':
      return [mail.envelope.from]
    case 'user':
      return mail.envelope.user === null ? [] : [mail.envelope.user]
    case 'header':
      return readHeader(mail, field.name)
    case 'attachment':
      return mail.attachments.map(({ filename, contentType }) => (field.part === 'filename' ? filename : contentType))
  }
}

function namesOf({ address, name }: Address): string[] {
  return name === '' ? [address] : [address, name]
}

/** A header may be called `constructor`; only the mail's own names count. */
function readHeader(mail: Mail, name: string): string[] {
  const key = name.toLowerCase()
  return Object.hasOwn(mail.headers, key) ? (mail.headers[key] ?? []) : []
}

function readLlmField(mail: Mail, field: LlmField): string {
  if (field === 'from') return formatAddresses(mail.from)
  if (field === 'to') return formatAddresses([...mail.to, ...mail.cc])
  return readField(mail, { type: field }).join(', ')
}

function formatAddresses(addresses: Address[]): string {
  return addresses.map(({ name, address }) => (name === '' ? address : `${name} <${address}>`)).join(', ')
}
