import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { channelKinds, findChannelKind } from '#src/channels/index.js'
import { describeKind } from '#src/engine/channel-kinds.js'
import type { ChannelDetail } from '#src/engine/stored-channel-calls.js'
import { writeSettings } from '#src/http/console/setting-form/entered-settings.js'
import { listFields } from '#src/http/console/setting-form/setting-fields.js'
import { forgetPrefix, settingPrefix } from '#src/http/console/setting-form/setting-inputs.js'
import { secretsOf } from '../../channels/vendor-case.js'
import { startWays, type Way } from '../../program/every-way.js'
import { type Program, startProgram } from '../../program/start-program.js'
import { vendors } from '../../stand-ins/vendors/index.js'
import { type ConsoleReader, readConsole, readText } from './console-fixture.js'
import { readFields } from './read-fields.js'

let ways: Way[]
let program: Program
let pages: ConsoleReader
const pageBytesMax = 60_000

beforeAll(async () => {
  ways = await startWays()
  program = await startProgram('version: 1\nchannels: { written: { kind: log } }\nroutes: []\n')
  pages = readConsole(program)
})
afterAll(async () => {
  await program.stop()
  await Promise.all(ways.map(({ stop }) => stop()))
})

const fieldsOf = (kind: string) => {
  const line = describeKind(findChannelKind(kind)!)
  return [...listFields(line.settings, line.secrets), ...listFields(line.limits, [])]
}

/** As somebody would enter the settings, secrets included. */
function enter(kind: string, settings: Record<string, unknown>): Record<string, string> {
  const open = fieldsOf(kind).map((field) => ({ ...field, isSecret: false }))
  const entered = Object.entries(writeSettings(open, settings))
  return Object.fromEntries(entered.map(([path, text]) => [`${settingPrefix}${path}`, text]))
}

/** Nothing secret is in a page: no setting that is, and no address that only its owner may know. */
function expectNoSecret({ kind, settings, address }: Way, html: string): void {
  const { address: form, secrets } = findChannelKind(kind)!
  const hidden = [...secretsOf(findChannelKind(kind)!, settings), ...(form?.mask && address ? [address] : [])]
  expect(hidden.filter((secret) => readText(html).includes(secret) || html.includes(secret))).toEqual([])
  expect(secrets.length === 0 || hidden.length > 0).toBe(true)
}

const names = vendors.map(({ kind, variant }) => (variant === undefined ? kind : `${kind}_${variant}`))

describe.each(names)('the form for %s', (name) => {
  const find = () => ways.find((way) => way.name === name)!

  it('tests what was entered, saves it, shows no secret, and keeps them when it is sent back', async () => {
    const way = find()
    const { kind, settings, address } = way
    const action = `/new-channel/${kind}`
    const empty = await pages.show(action)
    expect(empty.status).toBe(200)
    expect(Buffer.byteLength(empty.html)).toBeLessThan(pageBytesMax)

    const filled = { ...readFields(empty.html, 'channel-form'), ...enter(kind, settings), name }
    const to = address ?? 'tim@mailtrigger.app'
    const tested = await pages.send(action, { ...filled, do: 'test', to })
    expect(tested.text).toContain('it was taken')
    expectNoSecret(way, tested.html)

    const saved = await pages.send(action, { ...filled, do: 'save' })
    expect(saved.text).toContain(`The channel ${name} is made.`)
    expectNoSecret(way, saved.html)
    const made = await read(name)
    expect(made.problem).toBeNull()
    expect(Object.keys(made.settings).sort()).toEqual(Object.keys(settings).sort())

    const change = await pages.show(`/channels/${name}/change`)
    expectNoSecret(way, change.html)
    const again = await pages.send(`/channels/${name}/change`, {
      ...readFields(change.html, 'channel-form'),
      [`${settingPrefix}daily_cap`]: '77',
      do: 'save',
    })
    expect(again.text).toContain(`${name} is changed.`)
    expect((await read(name)).settings).toEqual({ ...made.settings, daily_cap: 77 })
    const retested = await pages.send(`/channels/${name}/change`, {
      ...readFields(change.html, 'channel-form'),
      do: 'test',
      to,
    })
    expect(retested.text).toContain('it was taken')
  })

  it('says at its fields what is wrong, and echoes no secret then either', async () => {
    const way = find()
    const { kind, settings } = way
    const entered = {
      ...enter(kind, settings),
      [`${settingPrefix}daily_cap`]: '0',
      [`${settingPrefix}retry`]: '5 minutes',
    }
    const refused = await pages.send(`/new-channel/${kind}`, { ...entered, name: 'refused', do: 'save' })
    expect(refused.status).toBe(422)
    expect(refused.html).toContain('id="error-field-setting.daily_cap"')
    expect(refused.html).toContain('id="error-field-setting.retry"')
    expect(refused.text).toContain('2 fields have to be mended')
    expectNoSecret(way, refused.html)
  })
})

const read = (name: string): Promise<ChannelDetail> => program.app.calls.readChannel(name)

describe('the form', () => {
  it.each(channelKinds.map(({ kind }) => kind))('of %s has a guide, and a field for each setting', async (kind) => {
    const { html } = await pages.show(`/new-channel/${kind}`)
    expect(html).toMatch(/<ol class="guide">\s*<li>/)
    for (const { path } of fieldsOf(kind)) expect(html).toContain(`name="${settingPrefix}${path}"`)
  })

  it('says what is missing where it is missing, and what is about the whole above', async () => {
    const none = await pages.send('/new-channel/telegram', { name: 'none', do: 'save' })
    expect(none.status).toBe(422)
    expect(none.html).toMatch(/id="error-field-setting\.bot_token">This is needed/)
    const both = await pages.send('/new-channel/slack', { name: 'both', do: 'save' })
    expect(both.text).toContain('Needs either webhook_url or bot_token')
    const name = await pages.send('/new-channel/log', { name: 'a/b', do: 'save' })
    expect(name.status).toBe(422)
    expect(name.html).toMatch(/id="error-field-name">A channel cannot be called/)
    const inFile = await pages.send('/new-channel/log', { name: 'written', do: 'save' })
    expect(inFile.html).toMatch(/id="error-field-name">The channel written stands in a file/)
    const nobody = await pages.send('/new-channel/inbox', { name: 'x', do: 'test' })
    expect(nobody.html).toContain('id="error-field-to"')
    const other = await pages.send('/new-channel/webhook', {
      name: 'other',
      [`${settingPrefix}url`]: 'http://127.0.0.1:9/',
      [`${settingPrefix}body`]: '[1]',
      [`${settingPrefix}headers`]: 'no colon CANARY',
      do: 'save',
    })
    expect(other.html).toMatch(/id="error-field-setting\.body">This has to be a JSON document/)
    expect(other.html).toMatch(/id="error-field-setting\.headers">Each line has to be/)
    expect(other.html).not.toContain('CANARY')
  })

  it('keeps what was typed, as text, whatever it is', async () => {
    const hostile = '"><script>alert(1)</script>\'磁碟'
    const { html } = await pages.send('/new-channel/email', {
      name: hostile,
      [`${settingPrefix}user`]: hostile,
      [`${settingPrefix}to`]: hostile,
      do: 'save',
    })
    expect(html).not.toContain('<script>alert')
    expect(readFields(html, 'channel-form')).toMatchObject({
      name: hostile,
      [`${settingPrefix}user`]: hostile,
      [`${settingPrefix}to`]: hostile,
    })
  })

  it('takes a secret out when it is told to', async () => {
    await program.app.calls.createChannel('hook', 'webhook', { url: 'http://127.0.0.1:9/', secret: 'CANARY-s' }, 'test')
    const { html } = await pages.show('/channels/hook/change')
    const fields = { ...readFields(html, 'channel-form'), do: 'save' }
    await pages.send('/channels/hook/change', fields)
    expect((await read('hook')).settings).toEqual({ url: 'http://127.0.0.1:9/', secret: '•••' })
    await pages.send('/channels/hook/change', { ...fields, [`${forgetPrefix}secret`]: 'true' })
    expect((await read('hook')).settings).toEqual({ url: 'http://127.0.0.1:9/' })
  })

  it('answers htmx with where to go, not with the page there', async () => {
    const answer = await fetch(`${program.app.http.url}/new-channel/log`, {
      method: 'POST',
      headers: { authorization: `Bearer ${program.app.token}`, 'hx-request': 'true' },
      body: new URLSearchParams({ name: 'by htmx', do: 'save' }),
    })
    expect([answer.status, answer.headers.get('hx-redirect')]).toEqual([200, '/channels/by%20htmx'])
  })
})
