import { afterAll, beforeAll, expect, it } from 'vitest'
import { mayActAs, type Role, roles } from '#src/domain/identity.js'
import { operationsOf } from '#src/http/openapi/describe-api.js'
import { type Program, startProgram } from '../program/start-program.js'
import { createContract } from './contract.js'
import { inventRequest, type Names, seededRandom } from './invent-request.js'

const secrets = ['CANARY-webhook-secret', 'CANARY-bot-token', 'CANARY-smtp-password', 'CANARY-lookup-key']
const contract = createContract()
const operations = Object.entries(contract.document.paths ?? {}).flatMap(([path, item]) =>
  operationsOf(item).map(([method, operation]) => ({ path, method, operation })),
)
const triesOfEach = 4

let program: Program
const tokens = new Map<Role, string>()

beforeAll(async () => {
  program = await startProgram(`version: 1
server: { smtp: { users: [ { name: jenkins, password: CANARY-smtp-password } ] } }
channels:
  inbox: { kind: inbox }
  hook: { kind: webhook, url: "http://127.0.0.1:9/", secret: CANARY-webhook-secret }
  bot: { kind: telegram, bot_token: "1:CANARY-bot-token", base_url: "http://127.0.0.1:9" }
people: { tim@mailtrigger.app: { name: Tim, bot: "1" } }
lookups: { owners: { url: "http://127.0.0.1:9/", headers: { authorization: CANARY-lookup-key } } }
monitors: { nightly: { every: 24h, on_down: { send: inbox } } }
routes:
  - { name: all, when: { subject: wanted }, steps: [ { send: inbox } ] }
  - { name: failing, when: { subject: failing }, steps: [ { send: hook } ] }
`)
  for (const subject of ['wanted "one"', 'nobody asked', 'wanted two']) {
    await program.settled(await program.send({ subject }))
  }
  for (const role of roles) {
    const { token } = await program.app.calls.createToken({ name: role, role, expiresInMs: null }, 'test')
    tokens.set(role, token)
  }
})
afterAll(() => program.stop())

async function namesOfNow(): Promise<Names> {
  const { calls } = program.app
  const mails = await calls.listMails({ limit: 5 })
  const deliveries = await calls.listDeliveries({ limit: 5 })
  const notifications = await calls.listNotifications({ limit: 5 })
  const ids = [mails, deliveries, notifications].flatMap(({ items }) => items.map(({ id }) => id))
  return { ids, names: ['inbox', 'hook', 'bot', 'nightly', 'all', 'owners', 'tim@mailtrigger.app'] }
}

// The admin comes last: nobody before deletes what the others ask for.
it.each([null, ...roles])(
  'whatever %s asks is answered as described: no failure, no secret, nothing above the role',
  async (role) => {
    const random = seededRandom(role === null ? 1 : roles.indexOf(role) + 2)
    const names = await namesOfNow()
    const problems: string[] = []
    const statuses = new Map<number, number>()
    for (const { path, method, operation } of operations) {
      const needed = Reflect.get(operation, 'x-role') as Role
      const refusal = role === null ? 401 : mayActAs({ name: role, role, by: 'token' }, needed) ? null : 403
      for (let count = 0; count < triesOfEach; count++) {
        const request = inventRequest(random, { path, method, operation }, names)
        const answer = await ask(request, role)
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        const found = findProblems(request, answer, refusal)
        const said = `${method} ${request.address} ${String(request.body).slice(0, 200)} → ${answer.status} ${answer.text.slice(0, 300)}`
        problems.push(...found.map((problem) => `${problem}: ${said}`))
      }
    }
    expect(problems).toEqual([])
    // It would prove little if all were refused, or nothing were.
    if (role !== null) expect(statuses.get(200)).toBeGreaterThan(operations.length / 3)
    if (role === 'admin') expect(statuses.get(400)).toBeGreaterThan(operations.length / 3)
  },
  60_000,
)

type Answer = Awaited<ReturnType<typeof ask>>

function findProblems(request: ReturnType<typeof inventRequest>, answer: Answer, refusal: 401 | 403 | null): string[] {
  const problems: string[] = []
  if (refusal !== null && answer.status !== refusal) problems.push('not refused')
  if (refusal === null && (answer.status === 401 || answer.status === 403)) problems.push('refused')
  if (answer.status === 500) problems.push('failed')
  const kept = [...secrets, ...tokens.values(), program.app.token]
  if (kept.some((secret) => answer.text.includes(secret))) problems.push('told a secret')
  try {
    contract.check({ ...answer, method: request.method, path: request.address, body: answer.text })
  } catch (error) {
    problems.push(`not as described (${String(error)})`)
  }
  return problems
}

async function ask(request: ReturnType<typeof inventRequest>, role: Role | null) {
  const stop = new AbortController()
  const headers: Record<string, string> = { ...request.headers }
  if (role !== null) headers.authorization = `Bearer ${tokens.get(role)}`
  const answer = await fetch(`${program.app.http.url}${request.address}`, {
    method: request.method.toUpperCase(),
    headers,
    body: request.body,
    signal: stop.signal,
  })
  const type = answer.headers.get('content-type') ?? ''
  const isStream = type.startsWith('text/event-stream')
  const text = isStream ? '' : await answer.text()
  if (isStream) stop.abort()
  return { status: answer.status, type, text }
}
