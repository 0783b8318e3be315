import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isGsm, renderSms } from '#src/channels/dialects/sms.js'
import { outlineMessage } from '#src/channels/outline-message.js'
import type { Message } from '#src/domain/message.js'
import { countSegments, isGsmText } from '../stand-ins/vendors/sms-segments.js'
import { makeMessage } from './context.js'

function render(changes: Partial<Message>, segments = 3): string {
  const message = makeMessage(changes)
  return renderSms(outlineMessage(message), message.severity, segments)
}

test('attachments are named where there is room', () => {
  const attachments = [{ filename: 'report.pdf', contentType: 'application/pdf', sizeBytes: 12_000 }]
  expect(render({ attachments })).toContain('\nreport.pdf (12 KB)\n')
  expect(render({ attachments, text: 'word '.repeat(200) })).not.toContain('report')
})

test('a message in the order it is read', () => {
  const changes = { notes: ['nobody acknowledged'], links: [{ label: 'Acknowledge', url: 'https://a.example/ack/1' }] }
  expect(render(changes)).toBe(
    'CRITICAL: Disk full on db1\nOnly 3 % left on /var.\nnobody acknowledged\nhttps://a.example/ack/1\n' +
      'Critical - from cron@db1.example - 2026-08-01 12:00 UTC',
  )
})

describe('what makes a message long', () => {
  test.each([
    [
      'quotes and dashes are written as GSM has them',
      '“It’s full” – really…\u00a0• 5 × 5 → 25',
      `"It's full" - really... - 5 x 5 -> 25`,
    ],
    ['umlauts are of GSM', 'Größe über 90 €', 'Größe über 90 €'],
    ['letters beyond it stay what they are', 'Żółw “ž”', 'Żółw "ž"'],
    ['emoji stay, too', 'all 👍', 'all 👍'],
  ])('%s', (_, text, expected) => {
    expect(render({ text })).toContain(`\n${expected}\n`)
  })

  test('only the text that is shown decides', () => {
    expect(isGsmText(render({ text: `${'word '.repeat(200)}ж` }))).toBe(true)
  })

  test('a text is cut at a word, and the link goes in first', () => {
    const url = `https://alerts.example/ack/${'x'.repeat(80)}`
    for (const text of ['word '.repeat(200), 'слово '.repeat(200)]) {
      const sms = render({ text, links: [{ label: 'Acknowledge', url }] })
      expect(sms).toContain(`\n${url}`)
      expect(sms).toMatch(/(?:word|слово)\.\.\.\n/)
      expect(countSegments(sms)).toBeLessThanOrEqual(3)
    }
  })

  test('a link without room stays away', () => {
    expect(render({ links: [{ label: '', url: `https://a.example/${'x'.repeat(1_000)}` }] })).not.toContain('https')
  })
})

test('never longer than asked for, never empty, whatever is in it', () => {
  const unit = fc.constantFrom('a', ' ', '€', '[', '\\', 'ä', 'ж', '😀', '“', '\u0301', '\ud800', '\n')
  const anyText = fc.string({ unit, maxLength: 900 })
  fc.assert(
    fc.property(
      anyText,
      anyText,
      anyText,
      fc.webUrl(),
      fc.integer({ min: 1, max: 10 }),
      (title, text, note, url, segments) => {
        const sms = render({ title, text, notes: [note], links: [{ label: '', url }] }, segments)
        expect(countSegments(sms)).toBeLessThanOrEqual(segments)
        expect(sms).toMatch(/^CRITICAL: \S/)
        expect(sms).not.toMatch(/\p{Surrogate}/u)
        expect(isGsm(sms)).toBe(isGsmText(sms))
      },
    ),
    { numRuns: 60 },
  )
})
