import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../program/start-program.js'
import { createContract } from './contract.js'

const contract = createContract()
const eve = "o'eve+x@mailtrigger.app"
let program: Program

beforeAll(async () => {
  program = await startProgram(`
version: 1
channels:
  telegram: { kind: telegram, bot_token: "123456:secret-token", base_url: "http://127.0.0.1:9", updates: off }
  inbox: { kind: inbox }
people: { tim@mailtrigger.app: { telegram: "111", quiet_hours: nights } }
calendars: { nights: { between: "22:00-07:00", timezone: UTC } }
groups: { devs: [tim@mailtrigger.app, jo@mailtrigger.app] }
routes: [ { name: all, when: { subject: { contains: disk } }, steps: [ { send: telegram } ] } ]
`)
})
afterAll(() => program.stop())

/** One call, whose answer has to be what the API says of itself. */
async function call(method: string, path: string, body?: unknown) {
  const headers = { authorization: `Bearer ${program.app.token}`, 'content-type': 'application/json' }
  const address = `/api/v1/people${path}`
  const answer = await fetch(`${program.app.http.url}${address}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  const type = answer.headers.get('content-type') ?? ''
  contract.check({ method, path: address, status: answer.status, type, body: text })
  return { status: answer.status, json: JSON.parse(text) }
}
const pathOf = (address: string) => `/${encodeURIComponent(address)}`

describe('people by API', () => {
  it('are entered as a whole, changed in part, and deleted', async () => {
    const put = await call('PUT', pathOf(eve.toUpperCase()), { name: 'Eve', channels: { telegram: '5' } })
    expect(put).toMatchObject({ status: 200, json: { address: eve, name: 'Eve', origin: 'entry', changed_by: 'api' } })
    const patched = await call('PATCH', pathOf(eve), { name: null, manager: 'tim@mailtrigger.app' })
    expect(patched.json).toMatchObject({ name: null, manager: 'tim@mailtrigger.app', channels: [{ address: '5' }] })
    expect((await call('PUT', pathOf(eve), {})).json).toMatchObject({ name: null, manager: null, channels: [] })
    expect(await call('DELETE', pathOf(eve))).toEqual({ status: 200, json: { deleted: 1 } })
    expect((await call('GET', pathOf(eve))).status).toBe(404)
  })

  it('are listed page by page, with all that the file says of them', async () => {
    const first = await call('GET', '?limit=1')
    expect(first.json).toMatchObject({ items: [{ address: 'jo@mailtrigger.app', groups: ['devs'], channels: [] }] })
    const second = await call('GET', `?limit=1&cursor=${encodeURIComponent(first.json.next_cursor)}`)
    expect(second.json).toMatchObject({
      items: [{ address: 'tim@mailtrigger.app', quiet_hours: { calendar: 'nights' }, fixed: ['quiet_hours'] }],
      next_cursor: null,
    })
    expect((await call('GET', '?search=no%20such')).json).toEqual({ items: [], next_cursor: null })
  })

  it.each<[string, string, unknown, number, string]>([
    ['PATCH', pathOf(eve), { nam: 'Eve' }, 400, 'bad_request'],
    ['PATCH', pathOf(eve), { channels: { telegram: 5 } }, 400, 'bad_request'],
    ['PATCH', pathOf(eve), { channels: { telegram: 'x'.repeat(4_001) } }, 400, 'bad_request'],
    ['PATCH', '/nobody', { name: 'x' }, 400, 'bad_request'],
    ['PATCH', pathOf('tim@mailtrigger.app'), { channels: { telegram: '5' } }, 409, 'in_file'],
    ['DELETE', pathOf('tim@mailtrigger.app'), undefined, 409, 'in_file'],
    ['POST', `${pathOf('jo@mailtrigger.app')}/link`, {}, 400, 'bad_request'],
    ['POST', `${pathOf('jo@mailtrigger.app')}/link`, { channel: 'telegram', valid_for: 'soon' }, 400, 'bad_request'],
    ['POST', `${pathOf('jo@mailtrigger.app')}/link`, { channel: 'telegram' }, 409, 'cannot_link'],
    ['POST', `${pathOf('no@mailtrigger.app')}/link`, { channel: 'telegram' }, 404, 'not_found'],
  ])('%s %s is refused (%#)', async (method, path, body, status, code) => {
    expect(await call(method, path, body)).toMatchObject({ status, json: { error: { code } } })
  })
})
