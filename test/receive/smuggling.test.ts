import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DataDecoder, type LineFault } from '#src/receive/data-decoder.js'
import { beginData, connectRaw } from './raw-client.js'
import { startGateway } from './smtp-fixture.js'

const inner = 'MAIL FROM:<evil@evil.test>\r\nRCPT TO:<ops@mailtrigger.app>\r\nDATA\r\nSubject: inner\r\n'

describe('a mail with another one hidden in it', () => {
  const refused: [string, RegExp][] = [
    ['\n.\n', /^550 5\.6\.11 only CR LF/],
    ['\n.\r\n', /^550 5\.6\.11 only CR LF/],
    ['\r\n.\n', /^550 5\.6\.11 only CR LF/],
    ['\n\n.\r\n', /^550 5\.6\.11 only CR LF/],
    ['\r.\r', /^550 5\.6\.11 a carriage return/],
    ['\r.\n', /^550 5\.6\.11 a carriage return/],
    ['\r\n.\r', /^550 5\.6\.11 a carriage return/],
    ['\n.\r', /^550 5\.6\.11/],
    ['\r.\r\n', /^550 5\.6\.11 a carriage return/],
    ['\r\n.\r\r\n', /^550 5\.6\.11 a carriage return/],
    ['\r\n\r.\r\n', /^550 5\.6\.11 a carriage return/],
    ['\r\0\n.\r\n', /^550 5\.6\.11 a carriage return/],
  ]
  const harmless = [
    '\r\n\0.\r\n',
    '\r\n.\0\r\n',
    '\r\n..\r\n',
    '\n..\n',
    '\r\n .\r\n',
    '\r\n. \r\n',
    '\r\n.\t\r\n',
    '\u0085.\u0085',
  ]

  it.each(refused)('by %j is refused as one mail, with one reply', async (sequence, reply) => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    await beginData(client)
    client.write(`Subject: outer\r\n\r\nouter${sequence}${inner}`)
    expect(await client.ask('inner\r\n.')).toMatch(reply)
    expect(await client.ask('NOOP')).toBe('250 OK')
    expect(gateway.saved).toEqual([])
    expect(gateway.rejections).toMatchObject([{ reason: 'bad_line_ends', code: 550, from: 'monit@host.example' }])
    // The next mail of the session is judged by its own line ends.
    await beginData(client)
    expect(await client.ask('sound\r\n.')).toMatch(/^250/)
  })

  it.each(harmless)('by %j stays one mail', async (sequence) => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    await beginData(client)
    client.write(`Subject: outer\r\n\r\nouter${sequence}${inner}`)
    expect(await client.ask('inner\r\n.')).toMatch(/^250/)
    expect(await client.ask('NOOP')).toBe('250 OK')
    expect(gateway.saved).toHaveLength(1)
  })

  it('comes byte by byte to the same end', async () => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    client.socket.setNoDelay(true)
    await beginData(client)
    for (const byte of '..\r\nSubject: x\r\n\r\n.') {
      client.write(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
    client.write('\r\n')
    expect(await client.reply()).toMatch(/^250/)
    expect(Buffer.from(gateway.saved[0]?.raw ?? []).toString()).toBe('.\r\nSubject: x\r\n\r\n')
  })

  it('is refused when the client vanishes into silence after a false end, with the reason', async () => {
    await using gateway = await startGateway({}, { limits: { idleMs: 50 } })
    const client = await connectRaw(gateway.port)
    await beginData(client)
    client.write('Subject: a script of mine\n\nhello\n.\n')
    expect(await client.reply()).toBe('550 5.6.11 only CR LF . CR LF ends a mail')
    await client.closed
    expect(gateway.saved).toEqual([])
  })
})

it('bare line feeds alone are taken as they are', async () => {
  await using gateway = await startGateway()
  const client = await connectRaw(gateway.port)
  await beginData(client)
  expect(await client.ask('Subject: cron\n\none\n\n..two\nthree\r\n.')).toMatch(/^250/)
  expect(Buffer.from(gateway.saved[0]?.raw ?? []).toString()).toBe('Subject: cron\n\none\n\n.two\nthree\r\n')
})

describe('DataDecoder', () => {
  /** What it should make of all bytes at once, by another way: searching, line by line. */
  function decodeWhole(wire: string): { content: string; rest: string | null; fault: LineFault | null } {
    const last = `\r\n${wire}`.indexOf('\r\n.\r\n')
    const mail = last < 0 ? wire : wire.slice(0, last)
    const lines = mail.split(/(?<=\n)/)
    const content = lines.map((line) => (line.startsWith('..') ? line.slice(1) : line)).join('')
    return { content, rest: last < 0 ? null : wire.slice(last + 3), fault: findFault(mail, last >= 0) }
  }

  function findFault(mail: string, isWhole: boolean): LineFault | null {
    // What could still become the end is no fault yet.
    const judged = isWhole ? mail : mail.replace(/\r$/, '')
    const bareCr = judged.search(/\r(?!\n)/)
    const lone = judged.search(/(?:(?<=(?:^|[^\r])\n)\.\r?\n)|(?:(?<=^|\n)\.\n)/)
    const bareLoneEnd = lone < 0 ? -1 : lone + (/^\.\r/.test(judged.slice(lone)) ? 2 : 1)
    if (bareCr < 0 && lone < 0) return null
    // A bare CR is known for one with the byte after it.
    if (lone < 0 || (bareCr >= 0 && bareCr + 1 < bareLoneEnd)) return 'bare_cr'
    return 'dot_between_bare_line_ends'
  }

  const wires = fc
    .array(fc.constantFrom('\r', '\n', '.', '\r\n', '\r\n.', '\r\n.\r\n', '\n.', 'x', '\0', 'é'), { maxLength: 24 })
    .map((parts) => parts.join(''))

  it('makes the same of any bytes, however they are cut', () => {
    fc.assert(
      fc.property(wires, fc.array(fc.nat(40), { maxLength: 8 }), (wire, cuts) => {
        const bytes = Buffer.from(wire)
        const decoder = new DataDecoder()
        const places = [...new Set([0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length])].sort(
          (a, b) => a - b,
        )
        let content = ''
        let rest: string | null = null
        for (let n = 0; n + 1 < places.length && rest === null; n++) {
          const piece = Buffer.from(bytes.subarray(places[n], places[n + 1]))
          const decoded = decoder.decode(piece)
          content += decoded.content.toString('latin1')
          if (decoded.end >= 0) rest = bytes.subarray((places[n] ?? 0) + decoded.end).toString('latin1')
        }
        const expected = decodeWhole(bytes.toString('latin1'))
        expect(rest).toBe(expected.rest)
        expect(decoder.fault).toBe(expected.fault)
        // Of a mail that goes on, the last dot and CR may be held back.
        if (rest !== null) expect(content).toBe(expected.content)
        else expect(expected.content.startsWith(content) && expected.content.length - content.length <= 2).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })
})
