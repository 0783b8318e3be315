import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../../program/start-program.js'
import { until } from '../../stand-ins/until.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

const hostile = `<script>alert("x")</script> it's 磁碟已滿`
const routes = (subject: string) => `version: 1
channels: { inbox: { kind: inbox } }
routes:
  - { name: "disks", when: { subject: ${subject} }, steps: [ { send: inbox } ] }
  - { name: "o'rings/\\"", when: { subject: script }, steps: [ { send: inbox } ] }
`
const linkIn = (html: string, shape: RegExp) => shape.exec(html)?.[1]?.replaceAll('&amp;', '&')

let program: Program
let pages: ConsoleReader
const tokens = { viewer: '', operator: '' }
const asRole: Record<'viewer' | 'operator', ConsoleReader> = {
  get viewer() {
    return readConsole(program, tokens.viewer)
  },
  get operator() {
    return readConsole(program, tokens.operator)
  },
}

beforeAll(async () => {
  program = await startProgram(routes('disk'))
  pages = readConsole(program)
  for (const role of ['viewer', 'operator'] as const) {
    const made = await fetch(`${program.app.http.url}/api/v1/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${program.app.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: `a ${role}`, role }),
    })
    tokens[role] = ((await made.json()) as { token: string }).token
  }
})
afterAll(() => program.stop())

async function sendRouted(subject: string, text = 'x'): Promise<string> {
  const id = await program.send({ subject, text })
  await program.settled(id)
  return id
}

describe('the list of mails', () => {
  it('says what would be there and what to do, while there is none', async () => {
    const { text } = await pages.show('/mails')
    expect(text).toContain('No mail came in yet')
    expect(text).toContain('mailtrigger send')
  })

  it('finds mails by words and keys, and shows what they say as text', async () => {
    await sendRouted(`disk ${hostile}`)
    const unrouted = await sendRouted('nobody wants this')
    const found = await pages.show(`/mails?search=${encodeURIComponent('disk route:disks state:routed -nobody')}`)
    expect(found.text).toContain(`disk ${hostile}`)
    expect(found.text).not.toContain('nobody wants this')
    expect(found.html).not.toContain('<script>alert')
    const other = await pages.show('/mails?search=state:unrouted')
    expect(other.text).toContain('nobody wants this')
    expect(other.html).toContain(`<a href="/mails/${unrouted}" aria-describedby="m-${unrouted}">see why</a>`)
    expect((await pages.show('/mails?search=nothinglikeit')).text).toContain('No mail is like that')
  })

  it.each([
    ['state:gone', 'no mail is ever "gone"'],
    ['form:x', 'did you mean "from"'],
    ['"open', 'close them'],
    ['ab*', 'at least 3 letters'],
  ])('says under the field what is wrong with %s, and what to write instead', async (search, words) => {
    const { status, text, html } = await pages.show(`/mails?search=${encodeURIComponent(search)}`)
    expect(status).toBe(200)
    expect(text).toContain(words)
    expect(html).toContain('aria-describedby="search-error"')
    expect(html).toContain('id="search-error" role="alert"')
  })

  it('chips change the state and keep the words', async () => {
    const { html } = await pages.show('/mails?search=disk%20state:routed')
    expect(html).toContain('<a href="/mails?search=disk%20state%3Aheld">held</a>')
    expect(html).toContain('<a href="/mails?search=disk">all</a>')
    expect(html).toContain('<a href="/mails?search=disk%20state%3Arouted" aria-current="true">routed</a>')
  })

  it('follows what comes in, until it is told not to', async () => {
    expect((await pages.show('/mails')).html).toContain('<div id="mail-list" data-live="mails">')
    const still = await pages.show('/mails?live=off')
    expect(still.html).toContain('<div id="mail-list">')
    expect(still.html).toContain('Follow what comes in')
  })

  it('has a second page, and stays small with long subjects', async () => {
    for (let count = 0; count < 45; count++) {
      await sendRouted(`many ${'"&磁'.repeat(400)} ${count}`)
    }
    const first = await pages.show('/mails?search=many&live=off')
    expect(Buffer.byteLength(first.html)).toBeLessThan(60_000)
    const next = linkIn(first.html, /href="([^"]*)" rel="next"/) ?? ''
    expect(next).toContain('live=off')
    const second = await pages.show(next)
    const idsOf = (html: string) => [...html.matchAll(/name="ids" value="([^"]+)"/g)].map(([, id]) => id)
    const ids = [...idsOf(first.html), ...idsOf(second.html)]
    expect(new Set(ids).size).toBe(45)
    expect(second.html).toContain('First page')
  })
})

describe('kept searches', () => {
  it('are kept for whoever kept them, by page and by API, and survive a restart', async () => {
    const name = `my "disks" / <b>'s`
    const kept = await pages.send('/mails/searches', { name, search: 'disk state:routed' }, '/mails')
    expect(kept.text).toContain(`The search is kept as “${name}”`)
    expect(kept.html).not.toContain('<b>')
    expect((await asRole.viewer.show('/mails')).text).not.toContain('my "disks"')
    await asRole.viewer.send('/mails/searches', { name: 'mine', search: 'x' }, '/mails')
    await program.restart()
    pages = readConsole(program)
    expect((await pages.show('/mails')).text).toContain(name)
    const gone = await pages.send('/mails/searches/delete', { name, back: '' }, '/mails')
    expect(gone.text).toContain('is forgotten')
    expect((await pages.show('/mails')).text).not.toContain('Kept searches')
  })

  it.each([
    [{ name: '', search: 'x' }, 'a name has 1 to 100 characters'],
    [{ name: 'a', search: ' ' }, 'there is no search to keep'],
    [{ name: 'a', search: 'state:nope' }, 'no mail is ever "nope"'],
  ])('%o is refused in words', async (fields, words) => {
    expect((await pages.send('/mails/searches', fields, '/mails')).text).toContain(words)
  })

  it('by API are listed, changed and deleted', async () => {
    const call = async (method: string, path: string, body?: unknown) => {
      const answer = await fetch(`${program.app.http.url}/api/v1/saved-searches${path}`, {
        method,
        headers: { authorization: `Bearer ${program.app.token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: answer.status, json: (await answer.json()) as { items?: unknown[] } }
    }
    expect((await call('PUT', '/by%20api', { search: 'disk' })).status).toBe(200)
    expect((await call('PUT', '/by%20api', { search: 'disk -test' })).status).toBe(200)
    expect((await call('GET', '')).json.items).toEqual([{ name: 'by api', search: 'disk -test' }])
    expect((await call('DELETE', '/by%20api')).status).toBe(200)
    expect((await call('DELETE', '/by%20api')).status).toBe(404)
  })
})

describe('replaying', () => {
  it('says what would come out otherwise before anything is done, then does it', async () => {
    const one = await sendRouted('disk one replayed')
    const two = await sendRouted('tape two replayed')
    program.writeRoutes(routes('tape'))
    await until(async () => (await program.app.calls.info()).hash !== undefined && isRouted('tape'), 'it is reloaded')
    const page = await asRole.operator.show(`/mails/replay?ids=${one}&ids=${two}&back=%2Fmails%3Fsearch%3Dreplayed`)
    expect(page.text).toContain('2 would come out otherwise than before')
    expect(page.text).toContain('no longer − disks')
    expect(page.text).toContain('now + disks')
    expect((await program.app.calls.readMail(one))?.generation).toBe(0)
    const after = await asRole.operator.send('/mails/replay', { ids: [one, two], back: '/mails?search=replayed' })
    expect(after.text).toContain('2 mails are being routed again')
    await program.mailWhen(one, ({ generation, status }) => generation === 1 && status === 'unrouted')
    await program.mailWhen(two, ({ generation, status }) => generation === 1 && status === 'routed')
    const again = await pages.show(`/mails/replay?ids=${one}`)
    expect(again.text).toContain('nothing would come out otherwise')
  })

  it('takes all that a search finds, says how many, and leaves out what comes later', async () => {
    const { html, text } = await pages.show('/mails/replay?search=many')
    expect(text).toContain('All 45 are routed')
    expect(text).toContain('Of the 20 that were tried')
    const until = linkIn(html, /name="until" value="(\d+)"/) ?? ''
    await new Promise((resolve) => setTimeout(resolve, 2))
    const late = await sendRouted('many came late')
    const after = await pages.send('/mails/replay', { search: 'many', until, back: '/mails' })
    expect(after.text).toContain('45 mails are being routed again')
    expect((await program.app.calls.readMail(late))?.generation).toBe(0)
  })

  it('is for operators, and needs mails', async () => {
    const id = await sendRouted('disk for operators')
    expect((await asRole.viewer.show(`/mails/replay?ids=${id}`)).status).toBe(403)
    const refused = await asRole.viewer.send('/mails/replay', { ids: id }, '/mails')
    expect(refused.text).toContain('this takes the role operator')
    expect((await asRole.viewer.show('/mails')).html).toContain('disabled="" title="takes the role operator"')
    expect((await pages.show('/mails/replay')).text).toContain('No mail is chosen')
    expect((await pages.send('/mails/replay', { ids: 'nope' }, '/mails')).text).toContain('There is no mail to replay')
    const bad = await pages.send('/mails/replay', { ids: id, back: 'https://elsewhere.example/' }, '/mails')
    expect(bad.text).toContain('being routed again')
  })
})

describe('deleting', () => {
  it('names the mails and asks, then deletes them', async () => {
    const id = await sendRouted(`disk to delete ${hostile}`)
    const page = await pages.show(`/mails/delete?ids=${id}`)
    expect(page.text).toContain('Delete 1 mail')
    expect(page.text).toContain(hostile)
    expect((await pages.send('/mails/delete', { ids: id, back: '/mails' })).text).toContain('The mail is deleted')
    expect((await pages.show(`/mails/${id}`)).status).toBe(404)
    expect((await pages.send('/mails/delete', { ids: id }, '/mails')).text).toContain('There is no mail to delete')
  })

  it('is for admins', async () => {
    const id = await sendRouted('disk to keep')
    expect((await asRole.operator.show(`/mails/delete?ids=${id}`)).status).toBe(403)
    await asRole.operator.send('/mails/delete', { ids: id }, '/mails')
    expect((await pages.show(`/mails/${id}`)).status).toBe(200)
  })
})

describe('exporting', () => {
  const read = async (query: string) => {
    const headers = { authorization: `Bearer ${program.app.token}` }
    const answer = await fetch(`${program.app.http.url}/mails/export?${query}`, { headers })
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
  }

  it('writes CSV in which no cell is a formula', async () => {
    for (const sign of ['=', '+', '-', '@']) await sendRouted(`${sign}SUM(1,"2") exported`)
    const { type, text } = await read('format=csv&search=exported')
    expect(type).toBe('text/csv; charset=utf-8')
    const lines = text.trimEnd().split('\r\n')
    expect(lines).toHaveLength(5)
    expect(lines[0]).toMatch(/^id,received_at,status,/)
    for (const sign of ['=', '+', '-', '@']) expect(text).toContain(`"'${sign}SUM(1,""2"") exported"`)
    expect(text).not.toMatch(/(^|,)"?[=+\-@]/m)
  })

  it('writes JSON, also of nothing, and refuses what is not understood', async () => {
    const all = JSON.parse((await read('format=json')).text) as { id: string }[]
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    expect(all.length).toBeGreaterThan(50)
    expect(JSON.parse((await read('format=json&search=nothinglikeit')).text)).toEqual([])
    expect((await read('format=json&search=state:nope')).status).toBe(400)
    expect((await read('format=xml')).status).toBe(400)
  })
})

async function isRouted(subject: string): Promise<boolean> {
  const page = await pages.show(`/mails/replay?search=${subject}`)
  return page.text.includes('now + disks')
}
