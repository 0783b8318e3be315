import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type * as Axe from 'axe-core'
import type { Browser, Page, Request } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sections } from '#src/http/console/sections.js'
import { type LivedInProgram, listDetails, startLivedInProgram } from './lived-in-program.js'
import { chromiumPath, openChromium } from './open-chromium.js'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
type Scheme = 'light' | 'dark'
interface View {
  width: number
  scheme: Scheme
  /** The scheme changes colours and nothing else: where the width was looked at, contrast is all that is left. */
  isContrastOnly: boolean
}
/** Each width in each scheme. */
const allViews: View[] = [1_280, 375].flatMap((width) => [
  { width, scheme: 'light', isContrastOnly: false },
  { width, scheme: 'dark', isContrastOnly: true },
])
/** Both widths and both schemes: enough for pages whose frame was looked at in every view. */
const twoViews: View[] = [
  { width: 1_280, scheme: 'light', isContrastOnly: false },
  { width: 375, scheme: 'dark', isContrastOnly: false },
]

let lived: LivedInProgram
let browser: Browser
let page: Page
/** What the browser had to say of a page, and whom it asked that is not us. */
let said: string[] = []

describe.skipIf(chromiumPath === null)('pages in a browser (skipped where there is no Chromium)', () => {
  beforeAll(async () => {
    lived = await startLivedInProgram()
    browser = await openChromium()
    page = await openPage({ authorization: `Bearer ${lived.program.app.token}` })
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await lived?.stop()
  })

  describe.each(sections.map(({ href }) => href))('%s', (href) => {
    it('can be used by everybody, wide and narrow, light and dark', () => examine(href, 200, allViews), 60_000)
  })

  it('so can the pages of single things', async () => {
    for (const path of listDetails(lived)) await examine(path)
  }, 120_000)

  it('so can lists with a filter, forms, and what they answer', async () => {
    const { mails } = lived
    const paths = [
      '/mails?search=state:unrouted',
      '/mails?search=xyzzy',
      '/mails?search=from:',
      `/mails/replay?ids=${mails.routed}`,
      '/deliveries?status=dead',
      '/new-channel',
      '/new-channel/telegram',
      '/new-channel/email',
      '/channels/desk/change',
      '/config/variables',
      '/config/history',
      '/config/warnings',
      '/system/rejections',
      '/inbox',
      '/inbox?recipient=nobody@example.com',
      '/system/audit',
      '/system/access',
      `/playground?mail=${mails.unrouted}`,
    ]
    for (const path of paths) await examine(path)
  }, 120_000)

  it('so can what answers a form: a trial, refused settings, a test that fails', async () => {
    await visit(`/playground?mail=${lived.mails.unrouted}`)
    await page.getByRole('button', { name: 'Try' }).first().click()
    await page.getByRole('heading', { name: 'This mail' }).waitFor()
    await examineShown('/playground, tried')
    await visit('/new-channel/telegram')
    await page.getByRole('button', { name: 'Send a test' }).click()
    await page.getByRole('alert').first().waitFor()
    await examineShown('/new-channel/telegram, refused')
    lived.telegram.script({ error_code: 400, description: 'Bad Request: chat not found' })
    await visit('/channels/desk')
    await page.getByRole('button', { name: /test/i }).first().click()
    await page.getByText('chat not found').first().waitFor()
    await examineShown('/channels/desk, tested')
  }, 60_000)

  it('so can a page that is not there', async () => {
    await examine('/nothing/here', 404)
  })

  it('so can the pages on which nobody is known yet', async () => {
    const known = page
    page = await openPage({})
    await examine('/sign-in')
    const { code } = await lived.program.app.calls.createSignInCode('test')
    await examine(`/sign-in/once?code=${code}`)
    page = known
  })
})

async function openPage(extraHTTPHeaders: Record<string, string>): Promise<Page> {
  const context = await browser.newContext({ extraHTTPHeaders, reducedMotion: 'reduce', bypassCSP: false })
  const opened = await context.newPage()
  const own = new URL(lived.program.app.http.url).origin
  opened.on('console', (message) => {
    // What a mail would load is refused inside its own frame, which is what the frame is for.
    const isOfMail = /\/mails\/\w+\/body\.html/.test(message.location().url)
    const isAnswer = /status of (?:404|422)/.test(message.text()) && !message.location().url.includes('/assets/')
    if (message.type() === 'error' && !isOfMail && !isAnswer) said.push(`console: ${message.text()}`)
  })
  opened.on('pageerror', (error) => said.push(`script: ${error.message}`))
  // What the policy of the page forbids fails before anybody is asked.
  const tell = (request: Request): void => {
    const isOwn = /^(?:data|blob|about):/.test(request.url()) || new URL(request.url()).origin === own
    if (!isOwn && request.failure()?.errorText !== 'csp') said.push(`asked ${request.url()}`)
  }
  opened.on('requestfinished', tell)
  opened.on('requestfailed', tell)
  return opened
}

async function visit(path: string): Promise<number | undefined> {
  said = []
  await page.setViewportSize({ width: 1_280, height: 900 })
  const answer = await page.goto(`${lived.program.app.http.url}${path}`, { waitUntil: 'load' })
  return answer?.status()
}

async function examine(path: string, status = 200, views = twoViews): Promise<void> {
  const got = await visit(path)
  expect.soft(got, path).toBe(status)
  if (got === status) await examineShown(path, views)
}

/** Holds what is shown against all of the rules; what is wrong with it fails the test by name. */
async function examineShown(path: string, views = twoViews): Promise<void> {
  await page.evaluate(axeSource)
  for (const view of views) {
    const { width, scheme } = view
    await page.setViewportSize({ width, height: 900 })
    await page.emulateMedia({ colorScheme: scheme })
    expect.soft(await findViolations(page, view), `${path} at ${width}, ${scheme}`).toEqual([])
    const scrolled = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')
    expect.soft(scrolled, `${path} at ${width}: too wide by`).toBeLessThanOrEqual(0)
  }
  expect.soft(said, path).toEqual([])
}

async function findViolations(shown: Page, { isContrastOnly }: View): Promise<string[]> {
  const options = {
    resultTypes: ['violations'],
    iframes: false,
    ...(isContrastOnly ? { runOnly: ['color-contrast'] } : {}),
  }
  const { violations } = await shown.evaluate<Axe.AxeResults>(`axe.run(document, ${JSON.stringify(options)})`)
  return violations.map(({ id, nodes }) => {
    const examples = nodes.slice(0, 3).map(({ html, any }) => `${html.slice(0, 160)} (${any[0]?.message ?? ''})`)
    return `${id} × ${nodes.length}: ${examples.join(' | ')}`
  })
}
