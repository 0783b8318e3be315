import { ulid } from 'ulid'
import type { RawMail } from '../domain/mail.js'
import type { RouteTestMail } from '../domain/route-test.js'
import { readMailBytes, readMailFile } from './read-mail-file.js'

/** The mail of a route test, as it would have come over SMTP. */
export async function composeTestMail(mail: RouteTestMail, receivedAt: number): Promise<RawMail> {
  if (mail.type === 'file') return readMailFile(mail.path, {}, receivedAt)
  if (mail.type === 'raw') {
    const envelope = {
      ...(mail.from === null ? {} : { from: mail.from }),
      ...(mail.to === null ? {} : { to: mail.to }),
    }
    return readMailBytes(Buffer.from(mail.raw), envelope, receivedAt)
  }
  const from = mail.from ?? 'sender@localhost'
  const envelope = { from, to: mail.to, client: '127.0.0.1', helo: 'localhost', tls: false, user: null }
  return { id: ulid(receivedAt), receivedAt, envelope, raw: Buffer.from(composeInline(mail, from, receivedAt)) }
}

function composeInline(mail: Extract<RouteTestMail, { type: 'inline' }>, from: string, date: number): string {
  const given = new Set(Object.keys(mail.headers).map((name) => name.toLowerCase()))
  const usual = [
    ['From', from],
    ['To', mail.to.join(', ')],
    ['Subject', mail.subject],
    ['Date', new Date(date).toUTCString()],
    ['MIME-Version', '1.0'],
  ]
  const headers = [
    ...usual.filter(([name = '']) => !given.has(name.toLowerCase())),
    ...Object.entries(mail.headers).flatMap(([name, values]) => values.map((value) => [name, value])),
  ]
  const parts = [
    ...(mail.text === null && mail.html !== null ? [] : [composePart('text/plain', mail.text ?? '')]),
    ...(mail.html === null ? [] : [composePart('text/html', mail.html)]),
  ]
  const head = headers.map(([name, value]) => `${name}: ${String(value).replace(/[\r\n]+/g, ' ')}`).join('\r\n')
  if (parts.length === 1) return `${head}\r\n${parts[0]}`
  const boundary = 'mailtrigger-route-test'
  const body = parts.map((part) => `--${boundary}\r\n${part}`).join('\r\n')
  return `${head}\r\nContent-Type: multipart/alternative; boundary="${boundary}"\r\n\r\n${body}\r\n--${boundary}--\r\n`
}

function composePart(type: string, text: string): string {
  const content = Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\r\n')
  return `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${content}\r\n`
}
