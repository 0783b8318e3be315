import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../../program/start-program.js'
import { chromiumPath, openChromium } from './open-chromium.js'

let program: Program
let browser: Browser
let page: Page

beforeAll(async () => {
  if (chromiumPath === null) return
  program = await startProgram('version: 1\nchannels: { inbox: { kind: inbox } }\nroutes: []\n')
  await program.send({ subject: 'the first' })
  browser = await openChromium()
  page = await browser.newPage({ extraHTTPHeaders: { authorization: `Bearer ${program.app.token}` } })
})
afterAll(async () => {
  await browser?.close()
  await program?.stop()
})

describe.skipIf(chromiumPath === null)('the list of mails in a browser (skipped where there is no Chromium)', () => {
  it('follows what comes in, and waits to be asked while somebody chooses', async () => {
    await page.goto(`${program.app.http.url}/mails`)
    await page.getByText('live', { exact: true }).first().waitFor()
    await program.send({ subject: 'the second' })
    await page.getByRole('link', { name: 'the second' }).waitFor()

    await page.getByRole('checkbox').first().check()
    await program.send({ subject: 'the third' })
    await program.send({ subject: 'the fourth' })
    await page.getByRole('button', { name: /^\d new – show$/ }).waitFor()
    expect(await page.getByRole('link', { name: 'the third' }).count()).toBe(0)
    expect(await page.getByRole('checkbox').first().isChecked()).toBe(true)
    await page.getByRole('button', { name: /^\d new – show$/ }).click()
    await page.getByRole('link', { name: 'the third' }).waitFor()
    await page.getByRole('link', { name: 'the fourth' }).waitFor()
  })

  it('looks for what is being written, without a button', async () => {
    await page.getByLabel('Search mails').fill('second')
    await page.getByRole('link', { name: 'the first' }).waitFor({ state: 'detached' })
    expect(await page.getByRole('link', { name: 'the second' }).count()).toBe(1)
    expect(new URL(page.url()).searchParams.get('search')).toBe('second')
    await page.getByLabel('Search mails').fill('state:sekond')
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toContain('no mail is ever "sekond"')
  })

  it('replays a mail by the keyboard alone', async () => {
    await page.goto(`${program.app.http.url}/mails?live=off`)
    await page.keyboard.press('j')
    await page.keyboard.press('o')
    await page.getByRole('heading', { name: 'the fourth' }).waitFor()
    await page.keyboard.press('r')
    await page.getByRole('heading', { name: 'Replay 1 mail' }).waitFor()
    await page.getByRole('button', { name: 'Replay 1 mail' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('being routed again').waitFor()
  })
})
