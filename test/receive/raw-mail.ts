import { readFileSync } from 'node:fs'
import type { RawMail } from '#src/domain/mail.js'

export const receivedAt = Date.UTC(2026, 10, 21, 12)

/** Text is taken as UTF-8 with the line ends it has. */
export function rawMail(content: string | Uint8Array): RawMail {
  return {
    id: '01JTEST',
    receivedAt,
    envelope: {
      from: 'a@b.example',
      to: ['ops@mailtrigger.app'],
      client: '127.0.0.1',
      helo: 'test',
      tls: false,
      user: null,
    },
    raw: typeof content === 'string' ? new Uint8Array(Buffer.from(content)) : content,
  }
}

export function sample(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`samples/${name}`, import.meta.url)))
}
