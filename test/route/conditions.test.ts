import { describe, expect, test } from 'vitest'
import type { Condition, TextField, TextOperator } from '../../src/domain/route.js'
import { address, all, any, judge, makeMail, not, text } from './sample.js'

const mail = makeMail({
  subject: ' [Sentry] Project 1 Error ',
  html: '<b>level</b> = error',
  attachments: [{ filename: 'Report.PDF', contentType: 'application/pdf', sizeBytes: 3, content: new Uint8Array(3) }],
  envelope: { user: 'jenkins' },
})

/** One value of each field, to cut pieces from. */
const fields: [TextField, string][] = [
  [{ type: 'subject' }, '[Sentry] Project 1 Error'],
  [{ type: 'body' }, 'Details\n\n* level = error\n* culprit: app/models.py'],
  [{ type: 'html' }, '<b>level</b> = error'],
  [{ type: 'from' }, 'noreply@sentry.example'],
  [{ type: 'from' }, 'Sentry'],
  [{ type: 'to' }, 'audit@mailtrigger.app'],
  [{ type: 'rcpt' }, 'tim@mailtrigger.app'],
  [{ type: 'sender' }, 'bounce@sentry.example'],
  [{ type: 'user' }, 'jenkins'],
  [{ type: 'header', name: 'X-Sentry-Project' }, 'project-1'],
  [{ type: 'header', name: 'x-cron-ENV' }, '<HOME=/root>'],
  [{ type: 'attachment', part: 'filename' }, 'Report.PDF'],
  [{ type: 'attachment', part: 'content_type' }, 'application/pdf'],
]

const pieces: Record<TextOperator, (value: string) => string> = {
  is: (value) => value,
  contains: (value) => value.slice(2, -2),
  starts_with: (value) => value.slice(0, 4),
  ends_with: (value) => value.slice(-4),
  matches: (value) => `^${value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`,
}

const swapCase = (value: string) =>
  value.replace(/[a-z]/gi, (letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))

describe.each(fields)('field %j', (field, value) => {
  test.each(Object.keys(pieces) as TextOperator[])('%s', async (operator) => {
    const piece = pieces[operator](value)
    const verdict = async (condition: Condition) => (await judge(condition, mail)).verdict
    expect(await verdict(text(field, operator, piece))).toBe('matched')
    expect(await verdict(text(field, operator, ['nowhere', piece]))).toBe('matched')
    expect(await verdict(text(field, operator, ['nowhere', 'neither']))).toBe('not_matched')
    expect(await verdict(not(text(field, operator, piece)))).toBe('not_matched')
    expect(await verdict(not(text(field, operator, 'nowhere')))).toBe('matched')
    expect(await verdict(text(field, operator, piece, true))).toBe('matched')
    const swapped = operator === 'matches' ? `^${swapCase(piece.slice(1))}` : swapCase(piece)
    const ignoresCase = operator === 'matches' ? 'not_matched' : 'matched'
    expect(await verdict(text(field, operator, swapped))).toBe(ignoresCase)
    expect(await verdict(text(field, operator, swapped, true))).toBe('not_matched')
    if (operator === 'matches') {
      expect(await verdict(text(field, operator, `(?i)${swapped}`))).toBe('matched')
      expect(await verdict(text(field, operator, swapped, false))).toBe('matched')
    }
  })
})

test.each<[string, Condition, boolean]>([
  ['a header that is absent', text({ type: 'header', name: 'X-None' }, 'contains', 'x'), false],
  ['a header called constructor', text({ type: 'header', name: 'constructor' }, 'contains', 'x'), false],
  ['the blank after a tag counts', text('subject', 'starts_with', '[Sentry] '), true],
  ['a blank before the value does not', text('subject', 'starts_with', ' [Sentry]'), true],
  ['an empty body is not', text('body', 'is', ''), false],
  ['the empty list matches nothing', text('subject', 'contains', []), false],
  ['regex over lines', text('body', 'matches', '(?m)^\\* level = (error|fatal)$'), true],
  ['dot stops at the line end', text('body', 'matches', 'Details.+level'), false],
  ['anchors of a plain value are text', text('subject', 'contains', '^[Sentry]'), false],
  ['address, exact', address('rcpt', 'devops@mailtrigger.app'), true],
  ['address, case', address('rcpt', 'DevOps@MailTrigger.APP'), true],
  ['address, domain', address('from', '*@sentry.example'), true],
  ['address, any domain', address('from', 'noreply@*'), true],
  ['address, not a part of it', address('from', 'noreply'), false],
  ['address, display names do not count', address('from', 'Sentry'), false],
  ['address, Cc counts as to', address('to', 'audit@*'), true],
  ['address, header to is not the envelope', address('rcpt', 'audit@*'), false],
  ['address, list', address('sender', 'x@y', 'b*e@s*.example'), true],
  ['size over', { kind: 'size', operator: 'over', bytes: 2_047, position: null }, true],
  ['size over its own', { kind: 'size', operator: 'over', bytes: 2_048, position: null }, false],
  ['size under', { kind: 'size', operator: 'under', bytes: 2_049, position: null }, true],
  ['client', { kind: 'client', ranges: ['192.168.0.0/16', '10.0.0.0/8'], position: null }, true],
  ['client elsewhere', { kind: 'client', ranges: ['192.168.0.0/16'], position: null }, false],
  ['user present', { kind: 'present', field: { type: 'user' }, present: true, position: null }, true],
  ['html present', { kind: 'present', field: { type: 'html' }, present: true, position: null }, true],
  [
    'attachment absent',
    { kind: 'present', field: { type: 'attachment', part: 'filename' }, present: false, position: null },
    false,
  ],
  [
    'header absent',
    { kind: 'present', field: { type: 'header', name: 'X-None' }, present: false, position: null },
    true,
  ],
  ['all of nothing', all(), true],
  ['any of nothing', any(), false],
  [
    'nested',
    all(any(text('subject', 'is', 'x'), not(text('subject', 'is', 'y'))), not(all(text('body', 'is', 'x')))),
    true,
  ],
])('%s', async (_name, condition, expected) => {
  expect((await judge(condition, mail)).verdict).toBe(expected ? 'matched' : 'not_matched')
})

test.each([
  ['10.1.2.3', ['10.0.0.0/8'], true],
  ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
  ['11.1.2.3', ['10.0.0.0/8'], false],
  ['::1', ['127.0.0.0/8', '::1/128'], true],
  ['fe80::1%eth0', ['fe80::/10'], true],
  ['2001:db8::5', ['2001:db8::5'], true],
  ['not an address', ['0.0.0.0/0', '::/0'], false],
])('client %s in %j', async (client, ranges, expected) => {
  const sent = makeMail({ envelope: { client } })
  const { verdict } = await judge({ kind: 'client', ranges, position: null }, sent)
  expect(verdict).toBe(expected ? 'matched' : 'not_matched')
})

test.each([['10.0.0.0/33'], ['10.0.0.0/'], ['ten'], ['::1/129'], ['10.0.0.0/8/8']])('range %s is refused', (range) => {
  return expect(judge({ kind: 'client', ranges: [range], position: null }, mail)).rejects.toThrow(RangeError)
})

test('a null sender is the empty text', async () => {
  const bounce = makeMail({ envelope: { from: '' } })
  expect((await judge(text('sender', 'is', ''), bounce)).verdict).toBe('matched')
  expect((await judge(address('sender', ''), bounce)).verdict).toBe('matched')
})
