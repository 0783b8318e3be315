import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../../program/start-program.js'
import { until } from '../../stand-ins/until.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

let program: Program
let pages: ConsoleReader
let viewer: ConsoleReader

beforeAll(async () => {
  program = await startProgram('version: 1\nchannels: { inbox: { kind: inbox } }\nroutes: []\n')
  pages = readConsole(program)
  const { token } = await program.app.calls.createToken({ name: 'screen', role: 'viewer', expiresInMs: null }, 'test')
  viewer = readConsole(program, token)
})
afterAll(() => program.stop())

/** All pages of a listing, by its links. */
async function readOn(from: string): Promise<string[]> {
  const texts: string[] = []
  for (let path: string | undefined = from; path !== undefined && texts.length < 20; ) {
    const { status, html, text } = await viewer.show(path)
    expect(status).toBe(200)
    expect(html.length).toBeLessThan(60_000)
    texts.push(text)
    path = /<a href="([^"]+)" rel="next"/.exec(html)?.[1]?.replaceAll('&amp;', '&')
  }
  return texts
}

describe('the state of the server', () => {
  it('is there for everybody: version, health, queues', async () => {
    const { status, text } = await viewer.show('/system')
    expect(status).toBe(200)
    expect(text).toContain(`port ${program.app.smtp[0]?.port} (starttls)`)
    for (const name of [
      'Config',
      'Channels',
      'Queue',
      'Clock',
      'Data folder',
      'Disk',
      'SMTP certificate',
      'Database',
    ]) {
      expect(text).toMatch(new RegExp(`(ok|look|bad|unknown) ${name} `))
    }
    expect(text).toContain('Nothing was to be delivered yet')
  })

  it('finds files that others may read, and mends that for admins', async () => {
    const file = join(program.folder, 'data', 'token')
    chmodSync(file, 0o644)
    expect((await pages.show('/system')).text).toMatch(/bad Data folder others on this machine may read token/)
    expect((await viewer.send('/system/fix', {}, '/system')).text).toContain('takes the role admin')
    expect((await pages.send('/system/fix', {}, '/system')).text).toContain('1 file mended')
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('looks at the whole database while it runs', async () => {
    expect((await viewer.send('/system/database', {}, '/system')).text).toContain('takes the role operator')
    expect((await pages.send('/system/database', {}, '/system')).text).toContain('The database is being looked at')
    await until(
      async () => (await viewer.show('/system')).text.includes('Database is whole'),
      'the database was looked at',
    )
  })

  it('makes a new key for admins', async () => {
    expect((await viewer.send('/system/rotate-key', {}, '/system')).text).toContain('takes the role admin')
    expect((await pages.send('/system/rotate-key', {}, '/system')).text).toMatch(/There is a new key, [0-9a-f]{8};/)
  })
})

describe('the rejected log', () => {
  it('says that nobody was refused', async () => {
    expect((await viewer.show('/system/rejections')).text).toContain('Nobody was refused')
  })

  it('shows every line once, over its pages', async () => {
    const message = '<script>"no" 磁碟'
    const rejection = { from: 'a@b', rcpt: null, user: null, reason: 'not_allowed' as const, code: 530, message }
    const at = Date.now()
    for (let n = 0; n < 120; n++) {
      const refused = { ...rejection, at, client: `192.0.2.${n}` }
      await program.app.calls.saveRejections([{ rejection: refused, count: 1 }])
    }
    const texts = await readOn('/system/rejections')
    expect(texts.length).toBeGreaterThan(2)
    const clients = texts.flatMap((text) => text.match(/192\.0\.2\.\d+/g) ?? [])
    expect(new Set(clients).size).toBe(120)
    expect(clients).toHaveLength(120)
    expect(texts[0]).toContain(message)
    expect((await viewer.show('/system/rejections?cursor=nonsense')).status).toBe(200)
  })

  it('is narrowed by reason, client and time, and says what to do', async () => {
    const filters = '/system/rejections?reason=not_allowed&client=192.0.2.7&since=1h'
    const { text, html } = await viewer.show(filters)
    expect(text.match(/192\.0\.2\.\d+/g)).toEqual(['192.0.2.7'])
    expect(text).toContain('Allow its network (server.smtp.allow)')
    expect(html).toContain('<option value="not_allowed" selected')
    expect((await viewer.show('/system/rejections?reason=too_large')).text).toContain('No refusal is like that')
    expect((await viewer.show('/system/rejections?reason=&client=&since=')).text).toContain('192.0.2.')
    for (const wrong of ['reason=bad_mood', 'since=soon']) {
      expect((await viewer.show(`/system/rejections?${wrong}`)).status).toBe(400)
    }
  })
})

describe('changes', () => {
  it('lists them all, filtered by what and of what', async () => {
    for (let n = 0; n < 70; n++) await program.app.calls.pauseChannel('inbox', `reason ${n} ${'"'.repeat(300)}`, 'test')
    const texts = await readOn('/system/audit?action=channel.pause')
    expect(texts.length).toBeGreaterThan(1)
    expect(texts.flatMap((text) => text.match(/reason reason \d+/g) ?? [])).toHaveLength(70)
    expect((await viewer.show('/system/audit?subject=nothing')).text).toContain('No change is like that')
    expect((await viewer.show('/system/audit?since=1h')).text).toContain('channel.pause')
    expect((await viewer.show('/system/audit?since=soon')).status).toBe(400)
  })
})

describe('users and tokens', () => {
  const place = '/system/access'

  it('are for admins', async () => {
    expect((await viewer.show(place)).status).toBe(403)
    for (const form of ['tokens', 'tokens/revoke', 'users', 'users/role', 'users/password', 'users/delete']) {
      expect((await viewer.send(`${place}/${form}`, { name: 'x', role: 'admin' }, '/')).text).toContain('role admin')
    }
  })

  it('shows a token once, which counts until it is revoked', async () => {
    const name = `ci "<b>"`
    const made = await pages.send(`${place}/tokens`, { name, role: 'viewer', expires_in: '90d' })
    const token = /mt_[\w-]+/.exec(made.text)?.[0] ?? ''
    expect(token).not.toBe('')
    expect(made.text).toContain(`The token ${name}, which is shown this once`)
    const again = await pages.show(place)
    expect(again.text).not.toContain(token)
    expect((await readConsole(program, token).show('/')).status).toBe(200)
    expect((await pages.send(`${place}/tokens`, { name, role: 'viewer', expires_in: '' }, place)).text).toContain(
      'already',
    )
    const id = /name="token" value="([^"]+)"/.exec(again.html)?.[1] ?? ''
    expect((await pages.send(`${place}/tokens/revoke`, { token: id }, place)).text).toContain('does not count any more')
    expect((await readConsole(program, token).show('/')).status).toBe(303)
    expect(
      (await pages.send(`${place}/tokens`, { name: 'y', role: 'viewer', expires_in: 'soon' }, place)).text,
    ).toContain('takes a duration like 90d')
  })

  it('adds, changes and removes users, and keeps one admin', async () => {
    const password = 'correct horse battery'
    expect((await pages.send(`${place}/users`, { name: 'Tim', role: 'admin', password }, place)).text).toContain(
      'Tim may sign in, with the role admin',
    )
    expect(
      (await pages.send(`${place}/users`, { name: 'Jo', role: 'viewer', password: 'short' }, place)).text,
    ).toContain('at least 10 characters')
    expect((await pages.send(`${place}/users/role`, { name: 'Tim', role: 'viewer' }, place)).text).toContain(
      'the only admin',
    )
    expect((await pages.send(`${place}/users`, { name: 'Jo', role: 'viewer', password }, place)).text).toContain(
      'Jo may',
    )
    expect((await pages.send(`${place}/users/role`, { name: 'Jo', role: 'operator' }, place)).text).toContain(
      'Jo has the role operator now',
    )
    const changed = await pages.send(`${place}/users/password`, { name: 'Jo', password: `${password} 2` }, place)
    expect(changed.text).toContain('Jo has a new password')
    expect(changed.html).not.toContain(password)
    expect((await pages.send(`${place}/users/delete`, { name: 'Jo' }, place)).text).toContain('Jo cannot sign in')
    expect((await pages.show(place)).text).not.toContain('Jo operator')
  })

  it('has pages when there are many', async () => {
    for (let n = 0; n < 45; n++) {
      await program.app.calls.createToken({ name: `robot ${n}`, role: 'viewer', expiresInMs: null }, 'test')
    }
    const { html } = await pages.show(place)
    expect(html.length).toBeLessThan(60_000)
    expect(html).toContain(`${place}?list=tokens&amp;from=30`)
    expect((await pages.show(`${place}?list=tokens&from=30`)).text).toContain('robot 3')
  })
})
