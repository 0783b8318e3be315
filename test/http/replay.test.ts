import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../program/start-program.js'

let program: Program
const routes = (more = '') => `version: 1
channels: { inbox: { kind: inbox }, console: { kind: log } }
routes:
  - { name: web, when: { subject: web }, steps: [ { send: inbox } ] }
${more}`

const ids: string[] = []
beforeAll(async () => {
  program = await startProgram(routes())
  for (const subject of ['web down', 'mystery one', 'mystery two']) {
    const id = await program.send({ subject, to: ['tim@mailtrigger.app'] })
    await program.settled(id)
    ids.push(id)
  }
})
afterAll(() => program.stop())

async function replay(body: unknown) {
  const answer = await fetch(`${program.app.http.url}/api/v1/mails/replay`, {
    method: 'POST',
    headers: { authorization: `Bearer ${program.app.token}`, 'x-mailtrigger-actor': 'cli:tim' },
    body: JSON.stringify(body),
  })
  return { status: answer.status, json: JSON.parse(await answer.text()) }
}

describe('replays', () => {
  it('show what would change and change nothing', async () => {
    const same = await replay({ ids, dry_run: true })
    expect(same.json.items).toMatchObject([{ changed: false }, { changed: false }, { changed: false }])
    program.writeRoutes(
      routes('  - { name: mysteries, when: { subject: mystery }, steps: [ { send: inbox }, { send: console } ] }\n'),
    )
    await program.app.reload()
    const { json } = await replay({ status: 'unrouted', dry_run: true })
    expect(json).toMatchObject({
      next_cursor: null,
      items: [
        {
          id: ids[1],
          subject: 'mystery one',
          changed: true,
          before: { outcome: 'unrouted', routes: [], recipients: [], deliveries: [] },
          after: {
            outcome: 'routed',
            routes: ['mysteries'],
            recipients: ['tim@mailtrigger.app'],
            deliveries: ['console', 'inbox tim@mailtrigger.app'],
          },
        },
        { id: ids[2] },
      ],
    })
    expect(await program.app.calls.readMail(ids[1] ?? '')).toMatchObject({ status: 'unrouted', generation: 0 })
  })

  it('of a selection go page by page, oldest first', async () => {
    const first = await replay({ search: 'mystery', limit: 1, dry_run: true })
    expect(first.json).toMatchObject({ items: [{ id: ids[1] }], next_cursor: ids[1] })
    const second = await replay({ search: 'mystery', limit: 1, cursor: first.json.next_cursor, dry_run: true })
    expect(second.json).toMatchObject({ items: [{ id: ids[2] }], next_cursor: null })
  })

  it('route all that is unrouted again, and are recorded', async () => {
    expect((await replay({ status: 'unrouted', since: '1h' })).json).toEqual({ replayed: 2, next_cursor: null })
    for (const id of ids.slice(1)) {
      const mail = await program.mailWhen(id, (one) => one.status === 'routed')
      expect(mail).toMatchObject({ generation: 1, routes: ['mysteries'] })
    }
    const { items } = await program.app.calls.listAudit({ limit: 10, action: 'mail.replay' })
    expect(items).toMatchObject([{ actor: 'cli:tim', subjects: ids.slice(1) }])
    expect((await replay({ status: 'unrouted' })).json).toEqual({ replayed: 0, next_cursor: null })
    expect((await replay({ ids: ['nobody'] })).json).toEqual({ replayed: 0, next_cursor: null })
  })

  it.each([
    ['nothing chosen', {}, 400],
    ['no ids', { ids: [] }, 400],
    ['ids and a search', { ids: ['x'], search: 'y' }, 400],
    ['another status', { status: 'lost' }, 400],
    ['a limit of nothing', { search: 'x', limit: 0 }, 400],
    ['a dry run of more than a caller can wait for', { ids: Array.from({ length: 101 }, String), dry_run: true }, 400],
    ['a mail that is not there, dry', { ids: ['nobody'], dry_run: true }, 404],
  ])('refuse %s', async (_, body, status) => {
    expect((await replay(body)).status).toBe(status)
  })
})
