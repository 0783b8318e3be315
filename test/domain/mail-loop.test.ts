import { describe, expect, it } from 'vitest'
import { explainLoop, gatewaysMax, joinOrigins, readHops, readOrigin, writeHops } from '#src/domain/mail-loop.js'
import { makeMail } from '../channels/context.js'

const [ours, other] = ['0123456789abcdef', 'fedcba9876543210']

describe('the trace of gateways', () => {
  it('reads what it writes', () => {
    expect(writeHops([], ours)).toEqual([`${ours}; 1`])
    expect(readHops(writeHops([other, ours], ours))).toEqual([
      { instance: other, n: 1 },
      { instance: ours, n: 2 },
      { instance: ours, n: 3 },
    ])
  })

  it.each([`  ${ours.toUpperCase()} ;  7 `, `${ours};7`])('reads %j', (value) =>
    expect(readHops([value])).toEqual([{ instance: ours, n: 7 }]),
  )

  it.each(['', ours, `${ours}; `, `${ours}; -1`, `${ours}; 1e9`, `${ours}; 12345678`, `<${ours}>; 1`, '; 1', 'a b; 1'])(
    'passes over %j',
    (value) => expect(readHops([value])).toEqual([]),
  )

  it('looks at no more than a hundred lines', () => {
    expect(readHops(Array(5_000).fill(`${other}; 1`))).toHaveLength(100)
  })

  it.each([
    ['none', [], null],
    ['other gateways', [{ instance: other, n: 1 }], null],
    ['ten of them', Array.from({ length: 10 }, (_, at) => ({ instance: `${other}${at}`, n: at + 1 })), null],
    [
      'our own',
      [
        { instance: other, n: 1 },
        { instance: ours, n: 2 },
      ],
      'the mail has passed this gateway before',
    ],
    ['eleven', Array.from({ length: 11 }, (_, at) => ({ instance: `${other}${at}`, n: 1 })), 'more than 10 gateways'],
    ['a number above ten', [{ instance: other, n: 11 }], 'more than 10 gateways'],
  ])('%s', (_, hops, reason) => {
    if (reason === null) expect(explainLoop(hops, ours)).toBeNull()
    else expect(explainLoop(hops, ours)).toContain(reason)
  })

  it('never grows without end', () => {
    const many = Array.from({ length: 1_000 }, (_, at) => `gateway${at}`)
    expect(writeHops(many, ours)).toHaveLength(gatewaysMax + 1)
  })
})

const from = (address: string) => [{ name: '', address }]
const envelope = (sender: string) => ({ ...makeMail().envelope, from: sender })

describe('what counts as a bounce or an automatic answer', () => {
  it.each([
    ['a vacation reply', { headers: { 'auto-submitted': ['auto-replied (vacation)'] } }, true],
    ['an old autoresponder', { headers: { 'x-autoreply': ['yes'] } }, true],
    ['a report from nobody', { envelope: envelope(''), headers: { 'content-type': ['multipart/report; x=y'] } }, true],
    ['a bounce of qmail', { envelope: envelope(''), from: from('mailer-daemon@far.example') }, true],
    ['a bounce of Exim', { envelope: envelope(''), headers: { 'x-failed-recipients': ['a@b.example'] } }, true],
    ['an alert', { headers: { 'auto-submitted': ['auto-generated'] } }, false],
    ['an alert from nobody', { envelope: envelope(''), from: from('cron@db1.example') }, false],
    ['a report of DMARC', { headers: { 'content-type': ['multipart/report; report-type=feedback-report'] } }, false],
    ['a mail that says no', { headers: { 'auto-submitted': ['no'] } }, false],
    ['a header called constructor', { headers: Object.create({ 'auto-submitted': ['auto-replied'] }) }, false],
  ])('%s: %s', (_, changes, expected) => {
    expect(readOrigin(makeMail({ from: from('a@b.example'), ...changes })).isBackscatter).toBe(expected)
  })
})

describe('where answers go', () => {
  it.each([
    [['Team <team@x.example>'], 'team@x.example'],
    [['team@x.example'], 'team@x.example'],
    [[], 'cron@db1.example'],
    [['nobody'], 'cron@db1.example'],
    [['a@x.example, b@x.example'], 'cron@db1.example'],
    [['a@x.example', 'b@x.example'], 'cron@db1.example'],
    [['"boss@corp.example" <evil@x.example>'], 'cron@db1.example'],
    [['a@x.example\r\nBcc: b@x.example'], 'cron@db1.example'],
    [['tïm@x.example'], 'cron@db1.example'],
  ])('Reply-To %j: %s', (values, expected) => {
    const headers: Record<string, string[]> = values.length > 0 ? { 'reply-to': values } : {}
    expect(readOrigin(makeMail({ from: from('cron@db1.example'), headers })).replyTo).toBe(expected)
  })

  it.each(['', 'unknown', 'a b@x.example', 'a@b\r\nX: y', 'tïm@x.example', 'a@[1.2.3.4]'])('not to %j', (address) => {
    expect(readOrigin(makeMail({ from: from(address) })).replyTo).toBeNull()
  })
})

it('what gathers several mails passed all their gateways, and answers nobody', () => {
  const one = { gateways: ['a', 'b'], isBackscatter: false, replyTo: 'x@y.example' }
  expect(joinOrigins([one, undefined, { ...one, gateways: ['b', 'c'], isBackscatter: true }])).toEqual({
    gateways: ['a', 'b', 'c'],
    isBackscatter: true,
    replyTo: null,
  })
})
