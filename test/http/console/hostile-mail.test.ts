import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../../program/start-program.js'
import { until } from '../../stand-ins/until.js'
import { chromiumPath, openChromium } from './open-chromium.js'

interface Listener {
  url: string
  paths: string[]
  /** Connections, with a request or without one. */
  connections: () => number
  close: () => void
}

let program: Program
let browser: Browser
let mailId: string
let far: Listener
let base: Listener

beforeAll(async () => {
  if (chromiumPath === null) return
  far = await listen(() => '')
  base = await listen((path) => (path === '/control' ? hostileHtml(far.url) : '<p>the page around</p>'))
  program = await startProgram('version: 1\nchannels: { inbox: { kind: inbox } }\nroutes: []\n')
  mailId = await program.send({
    raw: `Subject: hostile\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${hostileHtml(far.url)}\r\n`,
  })
  await program.settled(mailId)
  browser = await openChromium()
})
afterAll(async () => {
  await browser?.close()
  await program?.stop()
  far?.close()
  base?.close()
})

/** All that a mail may try. Each has a path of its own, so that what comes through can be named. */
function hostileHtml(url: string): string {
  return `<!DOCTYPE html><html><head>
<link rel="dns-prefetch" href="${url}/dns"><link rel="preconnect" href="${url}/preconnect">
<LINK rel=prefetch href="${url}/prefetch"><link rel="preload" as="image" href="${url}/preload">
<link rel="stylesheet" href="${url}/sheet.css"><link rel="icon" href="${url}/icon"><link rel="manifest" href="${url}/manifest">
<style>@import url("${url}/import.css"); @font-face { font-family: far; src: url("${url}/font.woff2") }
body { background: url("${url}/background"); font-family: far } p::after { content: url("${url}/content") }</style>
<meta http-equiv="refresh" content="0;url=${url}/refresh">
<base href="${url}/base/">
</head><body background="${url}/body-background">
<p>text in a far font</p>
<img src="${url}/image"><img srcset="${url}/srcset 1x"><picture><source srcset="${url}/source"><img src="relative"></picture>
<video poster="${url}/poster" src="${url}/video" autoplay></video><audio src="${url}/audio" autoplay></audio>
<object data="${url}/object"></object><embed src="${url}/embed">
<iframe src="${url}/frame"></iframe><iframe srcdoc="<img src='${url}/inner'>"></iframe>
<svg xmlns="http://www.w3.org/2000/svg"><image href="${url}/svg-image" width="9" height="9"/><use href="${url}/svg-use#a"/>
<script>fetch('${url}/svg-script')</script><style>@import url("${url}/svg-import")</style></svg>
<img src="x:" onerror="new Image().src='${url}/onerror'"><body onload="fetch('${url}/onload')">
<form id="f" action="${url}/form" method="post"><input name="a" value="b" autofocus onfocus="this.form.submit()"></form>
<script>document.getElementById('f').submit()</script>
<script>new Image().src = '${url}/script-image'; fetch('${url}/fetch', { mode: 'no-cors' }); navigator.sendBeacon('${url}/beacon')</script>
<script src="${url}/script.js"></script><div style="background-image: url('${url}/inline-style')">x</div>
<a href="${url}/link" ping="${url}/ping">a link</a><table background="${url}/table"><tr><td>x</td></tr></table>
</body></html>`
}

describe.skipIf(chromiumPath === null)('a hostile mail in a browser (skipped where there is no Chromium)', () => {
  it.each(['light', 'dark'] as const)('asks nobody for anything under HTML, %s', async (colorScheme) => {
    const before = { requests: far.paths.length, connections: far.connections() }
    const context = await browser.newContext({
      colorScheme,
      extraHTTPHeaders: { authorization: `Bearer ${program.app.token}` },
    })
    const page = await context.newPage()
    await page.goto(`${program.app.http.url}/mails/${mailId}/html`)
    const frame = page.frames().find((one) => one.url().endsWith('/body.html'))
    await frame?.waitForLoadState('load')
    expect(await page.frameLocator('iframe.mail-frame').locator('p').first().textContent()).toBe('text in a far font')
    // Whatever the mail set off has been asked for when something that was set off later is there.
    await page.evaluate(async () => {
      for (let count = 0; count < 5; count++) await fetch('/livez')
    })
    expect(far.connections() - before.connections).toBe(0)
    await page.frameLocator('iframe.mail-frame').locator('a').first().click({ force: true })
    await page.evaluate(() => fetch('/livez'))
    expect(far.paths.slice(before.requests)).toEqual([])
    expect(page.url()).toBe(`${program.app.http.url}/mails/${mailId}/html`)
    await context.close()
  })

  it('still runs nothing and sends nothing when pictures are asked for', async () => {
    const before = far.paths.length
    const context = await browser.newContext({
      extraHTTPHeaders: { authorization: `Bearer ${program.app.token}` },
    })
    const page = await context.newPage()
    await page.goto(`${program.app.http.url}/mails/${mailId}/html`)
    await page.getByRole('link', { name: 'Load remote pictures' }).click()
    await page.frameLocator('iframe.mail-frame').locator('p').first().waitFor()
    await page.evaluate(async () => {
      for (let count = 0; count < 5; count++) await fetch('/livez')
    })
    // The far server speaks no HTTPS, and nothing else is asked for pictures either.
    expect(far.paths.slice(before)).toEqual([])
    await context.close()
  })

  it('control: would ask its server for much, were it shown as it is', async () => {
    const page = await browser.newPage()
    await page.goto(`${base.url}/control`)
    await until(() => far.paths.length > 5, 'the hostile page asks its server')
    await page.close()
    expect(far.paths.some((path) => path !== '/refresh')).toBe(true)
  })
})

async function listen(answer: (path: string) => string): Promise<Listener> {
  const paths: string[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((request, response) => {
    paths.push(request.url ?? '')
    request.resume()
    response.writeHead(200, { 'content-type': 'text/html' }).end(answer(request.url ?? ''))
  })
  server.on('connection', (socket) => {
    connections++
    sockets.add(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    paths,
    connections: () => connections,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
