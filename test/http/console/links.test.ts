import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sections } from '#src/http/console/sections.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'
import { crawlConsole, type FoundPage, listConsoleRoutes } from './crawl-console.js'
import { type LivedInProgram, listDetails, startLivedInProgram } from './lived-in-program.js'

const htmlBytesMax = 60_000
const scriptBytesMax = 60_000
/** Pages that answer a form. */
const unlinked = new Set(['/dead-letters/retried', '/people/:address/linking'])

let lived: LivedInProgram
let reader: ConsoleReader
let found: FoundPage[]

beforeAll(async () => {
  lived = await startLivedInProgram()
  reader = readConsole(lived.program)
  found = await crawlConsole(lived.program, reader, [...sections.map(({ href }) => href), ...listDetails(lived)])
}, 120_000)
afterAll(() => lived.stop())

it('no link of the console leads nowhere', () => {
  const dead = found.filter(({ status }) => status >= 400 || status === 0)
  expect(dead.map(({ path, status, linkedFrom }) => `${path}: ${status}, linked on ${linkedFrom}`)).toEqual([])
  expect(found.length).toBeGreaterThan(60)
})

it('a link leads to every page there is', () => {
  const reached = new Set(found.map(({ pattern }) => pattern))
  const pages = listConsoleRoutes(lived.program).flatMap(({ method, path }) => (method === 'GET' ? [path] : []))
  expect(pages.filter((path) => !reached.has(path) && !unlinked.has(path))).toEqual([])
})

it('no page is larger than 60 KB', () => {
  const large = found.filter(({ pattern, htmlBytes }) => pattern !== null && htmlBytes > htmlBytesMax)
  const isFile = ({ path }: FoundPage): boolean => /\/attachments\/\d+$|\/body\.html$|export|download/.test(path)
  expect(large.filter((page) => !isFile(page)).map(({ path, htmlBytes }) => `${path}: ${htmlBytes}`)).toEqual([])
})

it('every form leads to a place of its own', () => {
  const routes = listConsoleRoutes(lived.program)
  const others = ['/sign-out', '/account']
  const lost = found.flatMap(({ path, forms }) =>
    forms
      .filter(({ action }) => !others.some((other) => action.startsWith(other)))
      .map(({ method, action }) => ({ method: method.toUpperCase(), to: new URL(action || path, 'http://x').pathname }))
      .filter(({ method, to }) => !routes.some((route) => route.method === method && route.isPath(to)))
      .map(({ method, to }) => `${method} ${to} on ${path}`),
  )
  expect([...new Set(lost)]).toEqual([])
})

it('what a page loads of scripts and styles is at most 60 KB compressed', async () => {
  const pages = [
    ...new Map(found.filter(({ pattern }) => pattern !== null).map((page) => [page.pattern, page])).values(),
  ]
  const sizes = new Map<string, Promise<number>>()
  for (const { path } of pages) {
    const { html } = await reader.show(path)
    const urls = [...html.matchAll(/<(?:script|link)\b[^>]*(?:src|href)="(\/assets\/[^"]+)"/g)].map(
      ([, url]) => url ?? '',
    )
    for (const url of urls) if (!sizes.has(url)) sizes.set(url, sizeOf(url))
    const scripts = await Promise.all(urls.filter((url) => url.includes('.js')).map((url) => sizes.get(url)))
    expect
      .soft(
        scripts.reduce<number>((sum, size) => sum + (size ?? 0), 0),
        path,
      )
      .toBeLessThanOrEqual(scriptBytesMax)
  }
})

/** Compressed, with the modules that a script imports. */
async function sizeOf(url: string): Promise<number> {
  const answer = await fetch(`${lived.program.app.http.url}${url}`)
  expect(answer.status).toBe(200)
  const text = await answer.text()
  const imports = [...text.matchAll(/from\s?'\.\/([^']+)'/g)].map(([, name]) => `/assets/${name}`)
  const inner = await Promise.all(imports.map(sizeOf))
  return inner.reduce((sum, size) => sum + size, gzipSync(text).byteLength)
}
