import type { ActionSettings } from '#src/domain/config.js'
import type { Address, Attachment, Mail } from '#src/domain/mail.js'

export function mailOf(parts: Partial<Mail> = {}): Mail {
  return {
    id: '01JD0000000000000000000000',
    receivedAt: Date.parse('2026-11-20T09:00:00Z'),
    envelope: {
      from: 'sender@corp.test',
      to: ['devops@corp.test'],
      client: '127.0.0.1',
      helo: 'web-03',
      tls: false,
      user: null,
    },
    sizeBytes: 1_000,
    subject: '',
    from: [addressOf('sender@corp.test')],
    to: [addressOf('devops@corp.test')],
    cc: [],
    date: Date.parse('2026-11-20T08:59:58Z'),
    messageId: null,
    headers: {},
    text: '',
    textSource: 'text',
    html: null,
    attachments: [],
    malformed: null,
    auth: null,
    ...parts,
  }
}

export function addressOf(address: string): Address {
  return { name: '', address }
}

export function attachmentOf(
  filename: string,
  content: string | Uint8Array,
  contentType = 'application/json',
): Attachment {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return { filename, contentType, sizeBytes: bytes.length, content: bytes }
}

export function actionOf(name: string, parts: Partial<ActionSettings> = {}): ActionSettings {
  const position = { file: 'routes.yaml', line: 1, column: 1 }
  return { name, module: `/actions/${name}.ts`, config: {}, timeoutMs: 10_000, allowHosts: [], position, ...parts }
}
