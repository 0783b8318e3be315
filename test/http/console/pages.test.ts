import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sections } from '#src/http/console/sections.js'
import { type Program, startProgram } from '../../program/start-program.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

let program: Program
let pages: ConsoleReader
const hostile = `<script>alert("x")</script> it's & "quoted" 磁碟已滿`

beforeAll(async () => {
  program = await startProgram(`version: 1
channels: { inbox: { kind: inbox } }
routes: [ { name: all, when: { subject: script }, steps: [ { send: inbox } ] } ]
`)
  pages = readConsole(program)
})
afterAll(() => program.stop())

const pageBytesMax = 60_000

describe.each(sections.map(({ href }) => href))('the page %s', (href) => {
  it('is there when nothing is, with the menu, one heading, and no script in it', async () => {
    const { status, html } = await pages.show(href)
    expect(status).toBe(200)
    expect(html.match(/<h1>/g)).toHaveLength(1)
    expect(html).toContain(`<a href="${href}" aria-current="page">`)
    expect(html).not.toMatch(/<script(?![^>]* src="\/assets\/)(?![^>]*type="application\/json")/)
    expect(html).not.toMatch(/ style="| on[a-z]+="/)
    expect(html.length).toBeLessThan(pageBytesMax)
  })

  it('sends who is not known to sign in, and no further', async () => {
    const answer = await fetch(`${program.app.http.url}${href}`, { redirect: 'manual' })
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe(`/sign-in?to=${encodeURIComponent(href)}`)
  })
})

describe('the console', () => {
  it('shows what mails say as text, whatever it is', async () => {
    const id = await program.send({ subject: hostile, text: hostile })
    await program.settled(id)
    for (const path of ['/mails', `/mails/${id}`, `/mails/${id}/text`, `/mails/${id}/headers`]) {
      const { status, html, text } = await pages.show(path)
      expect(status).toBe(200)
      expect(text).toContain(hostile)
      expect(html).not.toContain('<script>alert')
    }
  })

  it('says on a page that something is not there', async () => {
    const { status, text } = await pages.show('/nothing/here')
    expect(status).toBe(404)
    expect(text).toContain('There is nothing at /nothing/here')
    expect((await pages.show('/mails/nope')).status).toBe(404)
  })

  it('keeps the theme, and goes back to where one was and nowhere else', async () => {
    expect((await pages.send('/theme', { back: '/mails', theme: 'dark' })).html).toContain('data-theme="dark"')
    const elsewhere = await pages.send('/theme', { back: '//elsewhere.example', theme: 'dark' }, '/mails')
    expect(elsewhere.html).toContain('flash failed')
    expect((await pages.send('/theme', { back: '/mails', theme: 'pink' }, '/mails')).html).toContain('flash failed')
  })

  it('serves its styles and scripts for ever, by the mark of their content', async () => {
    const { html } = await pages.show('/')
    const urls = [...html.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, url]) => url ?? '')
    expect(urls.length).toBeGreaterThan(4)
    for (const url of urls) {
      const answer = await fetch(`${program.app.http.url}${url}`)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('cache-control')).toContain('immutable')
    }
    expect((await fetch(`${program.app.http.url}/assets/../package.json`, { redirect: 'manual' })).status).not.toBe(200)
  })
})
