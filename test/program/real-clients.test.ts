import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MailSummary, Page } from '#src/store/store.js'
import { until } from '../stand-ins/until.js'
import { alertingServices } from './alerting-services.js'
import { type Form, isHere, type MailClient, oneShotClients, recipient, type Target } from './mail-clients.js'
import { type Program, startProgram } from './start-program.js'

const user = 'alerts'
const password = 'correct-horse'
let program: Program
let target: Target
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mailtrigger-clients-'))
  // Mail servers give up root before they read what is in it.
  chmodSync(folder, 0o755)
  program = await startProgram(`
version: 1
server:
  smtp:
    implicit_tls: 127.0.0.1:0
    users: [ { name: ${user}, password: ${password} } ]
    client_limits: { connections: 100 }
channels: { inbox: { kind: inbox } }
routes: [ { name: all, steps: [ { send: inbox } ] } ]
`)
  const port = (tls: 'starttls' | 'implicit') => program.app.smtp.find((address) => address.tls === tls)?.port ?? 0
  target = { port: port('starttls'), implicitPort: port('implicit'), user, password, folder }
})
afterAll(async () => {
  await program.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('mail clients as they are installed', () => {
  for (const client of oneShotClients) {
    const needed = client.program ?? client.name
    it.skipIf(!isHere(client))(
      `${client.name} sends in each form it knows (skipped where there is no ${needed})`,
      async () => {
        const forms = formsOf(client)
        await Promise.all(forms.map((form) => client.send(form, target)))
        await expectArrived(forms)
      },
    )
  }
})

describe('services as they are installed', () => {
  for (const service of alertingServices) {
    const { name, program: needed } = service
    it.skipIf(!isHere(service))(
      `${name} sends in each form it knows (skipped where there is no ${needed})`,
      async () => {
        const forms = formsOf(service)
        const { stop } = await service.start(forms, target)
        try {
          await expectArrived(forms)
        } finally {
          await stop()
        }
      },
    )
  }
})

function formsOf({ name, tls, auth }: Pick<MailClient, 'name' | 'tls' | 'auth'>): Form[] {
  return tls.flatMap((one) => auth.map((method) => ({ tls: one, auth: method, subject: `${name} ${one} ${method}` })))
}

/** All of them are stored and routed, each as its client was told to send it. */
async function expectArrived(forms: Form[]): Promise<void> {
  for (const { tls, auth, subject } of forms) {
    let found: MailSummary | undefined
    await until(async () => {
      found = (await listMails()).find((mail) => mail.subject === subject)
      return found !== undefined && found.status === 'routed'
    }, `"${subject}" is routed`)
    expect({ subject, ...found?.envelope }).toMatchObject({
      subject,
      from: expect.stringMatching(/@client\.example$/),
      to: [recipient],
      tls: tls !== 'plain',
      user: auth === 'none' ? null : user,
    })
  }
}

async function listMails(): Promise<MailSummary[]> {
  const answer = await fetch(`${program.app.http.url}/api/v1/mails?limit=200`, {
    headers: { authorization: `Bearer ${program.app.token}` },
  })
  return ((await answer.json()) as Page<MailSummary>).items
}
