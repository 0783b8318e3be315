import { existsSync, readFileSync } from 'node:fs'
import { ulid } from 'ulid'
import type { RawMail } from '../domain/mail.js'
import { parseMail } from '../receive/mime/parse.js'
import { CliExit, exitCodes } from './cli.js'

const mailBytesMax = 50_000_000

interface GivenEnvelope {
  from?: string
  to?: string[]
}

/** A mail from a file, or from standard input for `-`, as if it had come over SMTP. */
export async function readMailFile(file: string, envelope: GivenEnvelope, receivedAt: number): Promise<RawMail> {
  return readMailBytes(file === '-' ? await readStandardInput() : readFile(file), envelope, receivedAt)
}

/** A file has no envelope: without one given, the recipients are those its headers name. */
export async function readMailBytes(bytes: Uint8Array, envelope: GivenEnvelope, receivedAt: number): Promise<RawMail> {
  const raw = { id: ulid(receivedAt), receivedAt, raw: toCrlf(bytes), envelope: emptyEnvelope }
  const mail = await parseMail(raw)
  const named = mail.headers['x-original-to'] ?? mail.headers['delivered-to'] ?? []
  const addressed = named.length > 0 ? named : [...mail.to, ...mail.cc].map((address) => address.address)
  return {
    ...raw,
    envelope: {
      ...emptyEnvelope,
      from: envelope.from ?? mail.from[0]?.address ?? '',
      to: envelope.to?.length ? envelope.to : [...new Set(addressed)],
    },
  }
}

const emptyEnvelope = { from: '', to: [] as string[], client: '127.0.0.1', helo: 'localhost', tls: false, user: null }

function readFile(file: string): Uint8Array {
  if (!existsSync(file)) throw new CliExit(exitCodes.notFound, `there is no file ${file}`)
  return readFileSync(file)
}

async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin) {
    bytes += (chunk as Buffer).length
    if (bytes > mailBytesMax) throw new CliExit(exitCodes.failed, 'the mail is larger than 50 MB')
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

/** Files are kept with the line ends of their system; SMTP has CRLF (RFC 5321 section 2.3.8). */
export function toCrlf(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  return Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1')
}
