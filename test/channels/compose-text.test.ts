import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { measureText } from '#src/channels/cut-text.js'
import { commonMark } from '#src/channels/dialects/common-mark.js'
import { composeText } from '#src/channels/dialects/compose-text.js'
import { plainText } from '#src/channels/dialects/plain-text.js'
import { splitUrls } from '#src/channels/dialects/split-urls.js'
import { outlineMessage } from '#src/channels/outline-message.js'
import { makeMessage } from './context.js'

const links = [
  { label: 'Acknowledge', url: 'https://alerts.example/ack/1' },
  { label: 'Build (7)', url: 'https://ci.example/a_b/(7)' },
]

test('says title, text, notes, attachments, links and foot, in this order', () => {
  const attachments = [{ filename: 'a.log', contentType: 'text/plain', sizeBytes: 2_100 }]
  const outline = outlineMessage(makeMessage({ notes: ['from cache'], links, attachments }))
  expect(composeText(outline, plainText, { max: 1_000, unit: 'utf16' })).toBe(
    '🔴 Disk full on db1\n\nOnly 3 % left on /var.\n\n⚠️ from cache\n📎 a.log (2.1 KB)\n' +
      '🔗 Acknowledge: https://alerts.example/ack/1\n🔗 Build (7): https://ci.example/a_b/(7)\n' +
      'Critical · from cron@db1.example · 2026-08-01 12:00 UTC',
  )
  expect(composeText(outline, plainText, { max: 1_000, unit: 'utf16', short: true, titled: false })).toBe(
    'Only 3 % left on /var.\n\n⚠️ from cache\n🔗 Acknowledge: https://alerts.example/ack/1\n' +
      'Critical · from cron@db1.example · 2026-08-01 12:00 UTC',
  )
})

test('in little room the text gives way first, then all but the first link and the newest note', () => {
  const notes = ['an old note', 'a new note']
  const outline = outlineMessage(makeMessage({ text: 'word '.repeat(1_000), notes, links }))
  const composed = composeText(outline, plainText, { max: 200, unit: 'utf16' })
  expect(composed).toMatch(/^🔴 Disk full on db1\n\nword .*…\n\n/)
  expect(composed).toContain('⚠️ a new note\n🔗 Acknowledge: https://alerts.example/ack/1')
  expect(composed).not.toContain('Critical')
})

describe('as CommonMark', () => {
  test.each([
    ['*a* _b_ `c` [d](e) <f> #g ~h~ |i|', '\\*a\\* \\_b\\_ \\`c\\` \\[d\\](e) \\<f\\> \\#g \\~h\\~ \\|i\\|'],
    ['- a\n+ b\n1. c\n2) d\n---\n===', '\\- a  \n\\+ b  \n1\\. c  \n2\\) d  \n\\---  \n\\==='],
    ['    code', '\u00a0\u00a0\u00a0\u00a0code'],
    ['&amp; &lt;', '\\&amp; \\&lt;'],
    ['@channel (@all) tim@all.example', '@\u200bchannel (@\u200ball) tim@all.example'],
    ['see https://x.example/a_b*c.', 'see <https://x.example/a_b*c>.'],
  ])('%s', (text, expected) => {
    const outline = { ...outlineMessage(makeMessage()), text, foot: '' }
    const composed = composeText(outline, commonMark, { max: 1_000, unit: 'utf16', titled: false })
    expect(composed.replace(/\n\n\*\*$/, '')).toBe(expected)
  })

  test('links keep their targets', () => {
    expect(commonMark.link('Build [7]', 'https://ci.example/a_b/(7)')).toBe(
      '[Build \\[7\\]](https://ci.example/a_b/%287%29)',
    )
  })
})

test('URLs are told from the sentence around them', () => {
  expect(splitUrls('(see https://x.example/?a=(1)).').map(({ text }) => text)).toEqual([
    '(see ',
    'https://x.example/?a=(1',
    ')).',
  ])
})

test('whatever the message and the room, it fits, is well formed and not empty', () => {
  const unit = fc.constantFrom('*', '_', '<', '&', '😀', '\ud800', '\n', ' ', '1.', 'ש', 'a', 'https://x.example/a_b ')
  const nasty = fc
    .tuple(fc.string({ unit, maxLength: 30 }), fc.integer({ min: 0, max: 400 }))
    .map(([text, times]) => text.repeat(times))
  fc.assert(
    fc.property(
      fc.record({ title: nasty, text: nasty, notes: fc.array(nasty, { maxLength: 3 }) }),
      fc.integer({ min: 40, max: 5_000 }),
      fc.constantFrom('utf16' as const, 'bytes' as const, 'code_points' as const),
      fc.boolean(),
      fc.constantFrom(plainText, commonMark),
      (parts, max, unit, titled, writer) => {
        const composed = composeText(outlineMessage(makeMessage({ ...parts, links })), writer, { max, unit, titled })
        expect(measureText(composed, unit)).toBeLessThanOrEqual(max)
        expect(composed).not.toMatch(/\p{Surrogate}/u)
        expect(composed).toMatch(/\S/)
      },
    ),
  )
})

test('a megabyte of what grows when it is escaped takes no time', () => {
  const outline = outlineMessage(makeMessage({ text: '*'.repeat(1_000_000) }))
  expect(composeText(outline, commonMark, { max: 4_000, unit: 'bytes' })).toMatch(
    /^🔴 \*\*Disk full on db1\*\*\n\n(\\\*)+…/,
  )
})
