import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../../program/start-program.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

const literal = 'writteninthefile0815writteninx'
const commented = 'an-old-password-4711'
const variable = 'token-of-the-hook-4711'
const name = `CPU "hot" & <script>alert(1)</script> 磁碟`
const config = `version: 1
channels:
  inbox: { kind: inbox }
  hook: { kind: webhook, url: "http://127.0.0.1:9/", headers: { authorization: "\${HOOK_TOKEN}" } }
  pager: { kind: pushover, token: "${literal}", user: "uQiRzpo4DXghDmr9QzzfQu27cmVRsG" }
  # password: ${commented}
lookups:
  owners: { url: "http://127.0.0.1:9/owners", headers: { authorization: "Bearer ${literal}" } }
routes:
  - name: ${JSON.stringify(name)}
    # Says who is told.
    when: { subject: { starts_with: "[CPU]" } }
    steps: [ { send: [inbox, hook, pager] } ]
  - { name: with a lookup, when: { subject: lookup }, steps: [ { attach: owners }, { send: inbox } ] }
`

let program: Program
let pages: ConsoleReader
let ids: string[] = []

beforeAll(async () => {
  program = await startProgram(config, { HOOK_TOKEN: variable })
  pages = readConsole(program)
  for (const subject of ['[CPU] 99%', 'Fwd: [CPU] <script>"98%"</script>', '[DISK] full']) {
    const id = await program.send({ subject, text: `text of ${subject}` })
    await program.settled(id)
    ids = [...ids, id]
  }
})
afterAll(() => program.stop())

const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'" }

/** The draft as the page has it. */
function readDraft(html: string): string {
  const text = /<textarea[^>]*name="draft"[^>]*>([\s\S]*?)<\/textarea>/.exec(html)?.[1] ?? ''
  return text.replace(/&(lt|gt|amp|quot|#39);/g, (_, entity: string) => entities[entity] ?? '')
}

/** As a browser sends it: a text's lines end in CRLF. */
function tryDraft(draft: string, fields: Record<string, string> = {}) {
  const form = {
    file: 'routes.yaml',
    draft: draft.replaceAll('\n', '\r\n'),
    mail: '',
    newest: '50',
    do: 'try',
    ...fields,
  }
  return pages.send('/playground', form)
}

describe('the playground', () => {
  it('begins with the file in force, its secrets disguised, and a way to the route', async () => {
    const { html, text } = await pages.show(`/playground?route=${encodeURIComponent(name)}`)
    const draft = readDraft(html)
    expect(draft).toContain('# Says who is told.')
    expect(draft).toContain('authorization: "${HOOK_TOKEN}"')
    expect(draft.split('\n')).toHaveLength(config.split('\n').length)
    expect(text).toContain('Go to the route, line 10')
    for (const hidden of [literal, commented, variable, '<script>alert']) expect(html).not.toContain(hidden)
  })

  it('finds the draft as it is in order: nothing changes, there is nothing to copy', async () => {
    const { html } = await pages.show('/playground')
    const { status, text } = await tryDraft(readDraft(html))
    expect(status).toBe(200)
    expect(text).toContain('0 of 3 mails would change')
    expect(text).toContain('The draft is what the file says.')
  })

  it('puts a near miss into the draft, and shows what that changes', async () => {
    const mail = await pages.show(`/mails/${ids[1]}`)
    const href = (/href="(\/playground\?[^"]*suggestion=[^"]+)"/.exec(mail.html)?.[1] ?? '').replaceAll('&amp;', '&')
    const suggested = await pages.show(href)
    const draft = readDraft(suggested.html)
    expect(draft).toContain('    when: { subject: { contains: "[CPU]" } }\n    steps:')
    expect(suggested.text).toContain('now stands in the route')
    const { html, text } = await tryDraft(draft, { mail: ids[1] ?? '' })
    expect(text).toContain('comes out otherwise')
    expect(text).toContain('message would go out')
    expect(text).toContain('1 of 3 mails would change')
    expect(text).toContain('- when: { subject: { starts_with: "[CPU]" } } + when: { subject: { contains: "[CPU]" } }')
    expect(text).toContain(join(program.folder, 'routes.yaml'))
    expect(html).toContain(`href="/mails/${ids[1]}"`)
    expect(html.length - draft.length).toBeLessThan(60_000)
    for (const hidden of [literal, commented, variable, '<script>']) expect(html).not.toContain(hidden)
    expect(readFileSync(join(program.folder, 'routes.yaml'), 'utf8')).toBe(config)
  })

  it('says where a draft is wrong, and keeps it', async () => {
    const draft = readDraft((await pages.show('/playground')).html).replace(
      'when: { subject: lookup }',
      'wehn: { subject: x }',
    )
    const { html, text } = await tryDraft(draft, { mail: ids[0] ?? '' })
    expect(text).toContain('The draft has 1 error')
    expect(text).toContain('did you mean "when"?')
    expect(html).toMatch(/data-line="14" data-column="\d+"><code>routes\.yaml:14:\d+<\/code>/)
    expect(readDraft(html)).toBe(draft)
    expect(html).toMatch(new RegExp(`value="${ids[0]}" checked`))
  })

  it('tries a mail that is pasted', async () => {
    const draft = readDraft((await pages.show('/playground')).html)
    const raw = 'From: a@b.example\r\nTo: tim@mailtrigger.app\r\nSubject: [CPU] "pasted" <b>\r\n\r\nhello\r\n'
    const { html, text } = await tryDraft(draft, { mail: 'pasted', raw, newest: '0' })
    expect(text).toContain('comes out as before [CPU] "pasted" <b>')
    expect(text).toContain('inbox → tim@mailtrigger.app')
    expect(html).not.toContain('"pasted" <b>')
    expect(text).not.toContain('mails would change')
    expect((await tryDraft(draft, { mail: 'pasted', raw: ' ' })).text).toContain('No mail is pasted.')
  })

  it.each([
    [
      'a draft of 500 kB',
      { draft: `# ${'x'.repeat(500_000)}` },
      'The draft has 501 kB, and a config file has at most 256 kB',
    ],
    ['a draft too large to come back', { draft: `# ${'x'.repeat(1_500_000)}` }, 'it is too large to come back'],
    [
      'a mail of 3 MB',
      { mail: 'pasted', raw: `Subject: x\n\n${'y'.repeat(3_000_000)}` },
      'The pasted mail has 3001 kB',
    ],
    ['a mail that is gone', { mail: '01ARZ3NDEKTSV4RRFFQ69G5FAV' }, 'there is no mail 01ARZ3NDEKTSV4RRFFQ69G5FAV'],
    ['a file the config has not', { file: 'other.yaml' }, 'other.yaml'],
    ['a draft that is empty', { draft: '' }, 'mails would change'],
    ['nonsense for a number', { newest: 'all' }, 'The draft is what the file says.'],
  ])('says in words what it makes of %s', async (_, fields, words) => {
    const draft = readDraft((await pages.show('/playground')).html)
    const { status, html, text } = await tryDraft(draft, fields)
    expect(status).toBe(200)
    expect(text).toContain(words)
    const echoed = readDraft(html)
    if (!words.includes('come back')) expect(echoed).toBe((fields as { draft?: string }).draft ?? draft)
    expect(html.length - echoed.length).toBeLessThan(60_000)
  })

  it('finds mails to try it on without losing the draft', async () => {
    const { html, text } = await pages.send('/playground', {
      file: 'routes.yaml',
      draft: 'mine: 1',
      search: 'DISK',
      do: 'search',
    })
    expect(readDraft(html)).toBe('mine: 1')
    expect(text).toContain('[DISK] full')
    expect(text).not.toContain('[CPU] 99%')
    const wrong = await pages.send('/playground', {
      file: 'routes.yaml',
      draft: 'mine: 2',
      search: 'state:nowhere',
      do: 'search',
    })
    expect(readDraft(wrong.html)).toBe('mine: 2')
    expect(wrong.text).toContain('nowhere')
  })

  it('is for operators', async () => {
    const { token } = await program.app.calls.createToken({ name: 'v', role: 'viewer', expiresInMs: null }, 'test')
    const viewer = readConsole(program, token)
    const { html, text } = await viewer.show('/playground')
    expect(text).toContain('takes the role operator')
    expect(html).not.toContain('<textarea')
    const answer = await viewer.send('/playground', { file: 'routes.yaml', draft: config, do: 'try' })
    expect(answer.text).toContain('this takes the role operator')
    expect(answer.text).not.toContain('would change')
  })
})
