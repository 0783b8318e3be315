import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildActionInput, inputBytesMax } from '#src/act/action-input.js'
import { actionOf, addressOf, attachmentOf, mailOf } from './stand-ins.js'

const parts = { action: actionOf('a'), mail: mailOf(), recipients: [], variables: {}, attachments: [] }
const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

describe('what an action sees', () => {
  it('is the mail as the ABI names it', () => {
    const mail = mailOf({
      subject: 'Disk full',
      cc: [addressOf('ops@corp.test')],
      text: 'a',
      html: '<b>a</b>',
      headers: { 'x-env': ['A', 'B'] },
    })
    const action = actionOf('disk', { config: { level: 3 } })
    expect(
      buildActionInput({ ...parts, action, mail, recipients: ['tim@corp.test'], variables: { host: 'web' } }),
    ).toEqual({
      version: 1,
      action: { name: 'disk', config: { level: 3 } },
      envelope: { from: 'sender@corp.test', to: ['devops@corp.test'], keys: [] },
      recipients: ['tim@corp.test'],
      variables: { host: 'web' },
      mail: {
        id: mail.id,
        date: '2026-11-20T08:59:58.000Z',
        subject: 'Disk full',
        from: 'sender@corp.test',
        to: ['devops@corp.test'],
        cc: ['ops@corp.test'],
        text: 'a',
        html: '<b>a</b>',
        headers: { 'x-env': ['A', 'B'] },
        auth: null,
      },
      attachments: [],
    })
  })

  it('has no sender when the mail has none', () => {
    expect(buildActionInput({ ...parts, mail: mailOf({ from: [] }) }).mail.from).toBe('')
  })

  it('has texts of textual attachments up to 256 KB only', () => {
    const cases: [type: string, content: string | Uint8Array, text: boolean, truncated: boolean][] = [
      ['application/json', '{}', true, false],
      ['application/json; charset=utf-8', '{}', true, false],
      ['application/problem+json', '{}', true, false],
      ['TEXT/Plain', 'ü', true, false],
      ['text/csv', 'x'.repeat(262_144), true, false],
      ['text/csv', 'x'.repeat(262_145), false, true],
      ['image/png', 'x', false, false],
      ['application/octet-stream', new Uint8Array(300_000), false, false],
      ['application/jsonp', 'x', false, false],
      ['', 'x', false, false],
    ]
    for (const [type, content, text, truncated] of cases) {
      const [described] = buildActionInput({ ...parts, attachments: [attachmentOf('f', content, type)] }).attachments
      expect([type, described?.content !== null, described?.truncated]).toEqual([type, text, truncated])
    }
  })

  it('has attached lookups before the mail’s own files of the same name', () => {
    const forged = attachmentOf('owners.json', '"forged"')
    const lookup = attachmentOf('owners.json', '"lookup"')
    const mail = mailOf({ attachments: [forged] })
    const { attachments } = buildActionInput({ ...parts, mail, attachments: [forged, lookup] })
    expect(attachments.map(({ content }) => content)).toEqual(['"lookup"', '"forged"'])
  })
})

describe('what does not fit is cut', () => {
  it('HTML first, then attachments, and the text is kept', () => {
    const text = 't'.repeat(1_000_000)
    const attachments = Array.from({ length: 20 }, (_, index) =>
      attachmentOf(`${index}.txt`, 'a'.repeat(200_000), 'text/plain'),
    )
    const input = buildActionInput({ ...parts, mail: mailOf({ text, html: 'h'.repeat(5_000_000) }), attachments })
    expect(input.mail.text).toBe(text)
    expect(input.attachments.filter(({ content }) => content !== null)).toHaveLength(15)
    expect(input.attachments.at(-1)).toMatchObject({ content: null, truncated: true })
    expect(input.mail.html?.length).toBeLessThan(200_000)
    expect(sizeOf(input)).toBeLessThanOrEqual(inputBytesMax)
  })

  it('whatever the mail holds, the input stays within 4 MB', () => {
    const nasty = fc.constantFrom('a', '\u0000', '"', '\\', 'ü', '漢', '🎉', '\ud800')
    const long = fc
      .tuple(nasty, fc.integer({ min: 0, max: 5_000_000 }))
      .map(([unit, length]) => unit.repeat(length / unit.length))
    fc.assert(
      fc.property(long, long, long, fc.integer({ min: 0, max: 3_000 }), (text, html, value, count) => {
        const mail = mailOf({
          subject: value,
          text,
          html,
          to: Array.from({ length: count }, () => addressOf(`${'x'.repeat(300)}@corp.test`)),
          headers: Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, ['v'.repeat(500)]])),
        })
        const attachments = [attachmentOf(value.slice(0, 5_000), value.slice(0, 80_000), 'text/plain')]
        const input = buildActionInput({ ...parts, mail, variables: { value }, attachments })
        expect(sizeOf(input)).toBeLessThanOrEqual(inputBytesMax)
        expect(text.startsWith(input.mail.text)).toBe(true)
      }),
      { numRuns: 15 },
    )
  })
})
