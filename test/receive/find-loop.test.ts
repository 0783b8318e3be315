import { describe, expect, it } from 'vitest'
import { findLoop } from '#src/receive/find-loop.js'

const instance = '0123456789abcdef'
const find = (raw: string) => findLoop(Buffer.from(raw, 'latin1'), { instance, hopsMax: 50 })
const received = 'Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000\r\n'

describe('a loop', () => {
  it.each([
    ['our own line', `Subject: x\r\nX-MailTrigger-Hop: ${instance}; 1\r\n\r\nbody`],
    ['written otherwise', `x-mailtrigger-hop :${instance.toUpperCase()};1\n\nbody`],
    ['folded on the way', `Subject: x\r\nX-MailTrigger-Hop:\r\n ${instance}; 1\r\n\r\nbody`],
    ['behind thousands of lines', `${'X-Y: z\r\n'.repeat(5_000)}X-MailTrigger-Hop: ${instance}; 1\r\n\r\n`],
    ['without a body', `X-MailTrigger-Hop: ${instance}; 1`],
  ])('%s', (_, raw) => {
    expect(find(raw)).toMatchObject({
      smtpCode: 554,
      reason: 'loop',
      message: '5.4.6 the mail has passed this gateway before',
    })
  })

  it('of other gateways, and of other servers', () => {
    const lines = Array.from({ length: 11 }, (_, at) => `X-MailTrigger-Hop: fedcba987654321${at}; ${at + 1}\r\n`)
    expect(find(`${lines.join('')}\r\n`)?.message).toBe('5.4.6 the mail has passed more than 10 gateways')
    expect(find(`${received.repeat(51)}\r\n`)?.message).toBe('5.4.6 more than 50 hops')
  })
})

describe('no loop', () => {
  it.each([
    ['an empty mail', ''],
    ['another gateway', 'X-MailTrigger-Hop: fedcba9876543210; 1\r\n\r\n'],
    ['our line in the body, as a bounce has it', `Subject: x\r\n\r\nX-MailTrigger-Hop: ${instance}; 1\r\n`],
    ['our line in another header', `Subject: X-MailTrigger-Hop: ${instance}; 1\r\n\r\n`],
    ['our line behind a megabyte of header', `X-Y: ${'z'.repeat(1_100_000)}\r\nX-MailTrigger-Hop: ${instance}; 1\r\n`],
    ['fifty servers', `${received.repeat(50)}\r\n`],
    ['blanks without end', `X-MailTrigger-Hop:${' '.repeat(1_000_000)}${instance}; 1\r\n\r\n`],
  ])('%s', (_, raw) => expect(find(raw)).toBeNull())
})
