import { readdirSync, readFileSync } from 'node:fs'
import { simpleParser } from 'mailparser'
import { expect, it } from 'vitest'
import { parseMail } from '#src/receive/mime/parse.js'
import { rawMail } from './raw-mail.js'

const folder = new URL('../../fixtures/mails/', import.meta.url)
const names = readdirSync(folder).filter((name) => name.endsWith('.eml'))

/** Where there is no doubt what a mail says, another parser says the same. */
it.each(names)('%s is read as mailparser reads it', async (name) => {
  const raw = readFileSync(new URL(name, folder))
  const others = await simpleParser(raw, { skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true })
  const mail = await parseMail(rawMail(new Uint8Array(raw)))
  expect(mail.subject).toBe(others.subject ?? '')
  expect(mail.from.map(({ address }) => address)).toEqual(
    (others.from?.value ?? []).map(({ address }) => address?.toLowerCase()),
  )
  expect(mail.textSource === 'text' ? mail.text.trimEnd() : '').toBe((others.text ?? '').trimEnd())
  expect(mail.html ?? false).toBe(others.html)
  expect(mail.attachments.map(({ sizeBytes }) => sizeBytes)).toEqual(others.attachments.map(({ size }) => size))
})
