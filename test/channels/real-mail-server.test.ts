import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { simpleParser } from 'mailparser'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { email } from '#src/channels/email.js'
import type { ChannelContext, Outcome } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import { lowUser, type RealServer, startRealServer, versionOf } from '../stand-ins/real-server.js'
import { makeContext, makeMail, makeMessage, openOutbound } from './context.js'

const command = '/usr/sbin/exim4'
const version = versionOf(command, '-bV')

/** Takes mail of one user only, and only over TLS; keeps all of it in its queue. */
function configFor(folder: string, port: number | undefined, user: { uid: number; gid: number }): string {
  return `
primary_hostname = mail.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
spool_directory = ${folder}/spool
log_file_path = ${folder}/spool/%slog
exim_user = ${user.uid}
exim_group = ${user.gid}
queue_only
keep_environment =
message_size_limit = 1M
tls_advertise_hosts = *
tls_certificate = ${folder}/cert.pem
tls_privatekey = ${folder}/key.pem
acl_smtp_rcpt = check_rcpt
acl_smtp_data = accept
begin acl
check_rcpt:
  deny message = sign in first
    !authenticated = *
  deny message = no such user
    local_parts = gone
  defer message = try again later
    local_parts = later
  accept
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{gateway}}{eq{$auth3}{CANARY-password}}}}
  server_set_id = $auth2
  server_advertise_condition = \${if def:tls_in_cipher}
`
}

describe.skipIf(version === null)(`a real mail server (${version ?? 'exim4 is not installed'})`, () => {
  let server: RealServer
  let outbound: Outbound
  beforeAll(async () => {
    outbound = openOutbound()
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'mail.example' }])
    const user = { uid: lowUser.uid ?? process.getuid?.() ?? 0, gid: lowUser.gid ?? process.getgid?.() ?? 0 }
    server = await startRealServer(command, 1, async (folder, [port]) => {
      const files = { 'exim.conf': configFor(folder, port, user), 'cert.pem': cert, 'key.pem': key }
      for (const [name, content] of Object.entries(files)) {
        await writeFile(join(folder, name), content)
        await chmod(join(folder, name), 0o644)
      }
      await mkdir(join(folder, 'spool'))
      await chown(join(folder, 'spool'), user.uid, user.gid)
      return ['-C', join(folder, 'exim.conf'), '-bdf']
    })
  })
  afterAll(async () => {
    await server?.stop()
    await outbound.close()
  })

  async function send(
    changes: Record<string, unknown> = {},
    to = 'tim@mail.example',
    message: Message = makeMessage(),
    context: Partial<ChannelContext> = {},
  ): Promise<Outcome> {
    const login = { user: 'gateway', password: 'CANARY-password', tls_verify: false }
    const settings = email.settings.parse({ host: '127.0.0.1', port: server.ports[0], ...login, ...changes })
    const outcome = await email.send(message, to, settings, makeContext(outbound, context))
    expect(JSON.stringify(outcome)).not.toContain('CANARY')
    return outcome
  }

  /** The mail in the queue as its reader would get it. */
  async function readQueued(id: string) {
    const input = join(server.folder, 'spool', 'input')
    const names = await readdir(input)
    expect(names).toEqual(expect.arrayContaining([`${id}-D`, `${id}-H`]))
    const header = await readFile(join(input, `${id}-H`), 'latin1')
    const body = await readFile(join(input, `${id}-D`), 'latin1')
    // Header lines have their length before them; what precedes the first empty line is Exim's own.
    const lines = header.slice(header.indexOf('\n\n') + 2).replace(/^\d{3,}[A-Z* ] /gm, '')
    return simpleParser(Buffer.from(`${lines}\n${body.slice(body.indexOf('\n') + 1)}`, 'latin1'))
  }

  test('takes a mail over STARTTLS with a password, and has all of it', async () => {
    const content = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const attachments = [{ filename: 'größe.bin', contentType: 'application/octet-stream', sizeBytes: 256, content }]
    const message = makeMessage({ title: '磁盘已满', text: '.\n..dot\nא '.repeat(300), attachments })
    const loadMail = async () => makeMail({ attachments })
    const outcome = await send({ starttls: 'required' }, 'tim@mail.example', message, { loadMail })
    expect(outcome).toMatchObject({ kind: 'accepted', statusCode: 250, text: expect.stringMatching(/^250 OK id=/) })
    const mail = await readQueued(/id=([\w-]+)/.exec(outcome.text)?.[1] ?? '')
    expect(mail.subject).toBe('🔴 磁盘已满')
    expect(mail.messageId).toBe('<01JDELIVERY@gateway.example>')
    expect(mail.text).toContain('.\n..dot\nא')
    expect(mail.attachments[0]).toMatchObject({ filename: 'größe.bin' })
    expect(mail.attachments[0]?.content.equals(content)).toBe(true)
  })

  test.each<[string, Record<string, unknown>, string, Partial<Outcome> & Record<string, unknown>]>([
    ['a recipient nobody knows', {}, 'gone@mail.example', { kind: 'permanent', scope: 'address', statusCode: 550 }],
    ['a recipient for later', {}, 'later@mail.example', { kind: 'transient', statusCode: 451 }],
    ['a wrong password', { password: 'CANARY-wrong' }, 'tim@mail.example', { kind: 'permanent', scope: 'channel' }],
    ['a certificate nobody knows', { tls_verify: true }, 'tim@mail.example', { kind: 'transient' }],
  ])('refuses %s', async (_, changes, to, expected) => {
    expect(await send(changes, to)).toMatchObject(expected)
  })

  test('a mail over its limit is never offered whole', async () => {
    const content = Buffer.alloc(1_200_000)
    const attachments = [{ filename: 'a', contentType: 'a/b', sizeBytes: content.length, content }]
    const loadMail = async () => makeMail({ attachments })
    const outcome = await send({}, 'tim@mail.example', makeMessage({ attachments }), { loadMail })
    expect(outcome).toMatchObject({ kind: 'degrade', to: 'no_attachment' })
  })
})
