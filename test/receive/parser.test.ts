import { describe, expect, it } from 'vitest'
import { createParser } from '#src/receive/mime/parser.js'
import { rawMail, sample } from './raw-mail.js'

const never = new AbortController().signal
/** Takes the MIME parser most of a second: a line of dots is split from its neighbours two million times. */
const slow = rawMail(`Subject: slow\r\n\r\n${'.\r\n'.repeat(2_000_000)}`)

describe('createParser', () => {
  it('parses in a thread, in order, and leaves the caller’s bytes alone', async () => {
    const parser = createParser()
    const raw = rawMail(sample('names-with-controls.eml'))
    const mails = await Promise.all([
      parser.parse(raw, never),
      parser.parse(rawMail('Subject: two\r\n\r\nx'), never),
      parser.parse(rawMail('Subject: three\r\n\r\nx'), never),
    ])
    expect(mails.map((mail) => mail.subject)).toEqual(['one To: evil two', 'two', 'three'])
    expect(mails[0]?.attachments.map((attachment) => Buffer.from(attachment.content).toString())).toEqual([
      'data',
      'data',
    ])
    expect(raw.raw.byteLength).toBeGreaterThan(0)
    expect(mails[0]?.envelope).toBe(raw.envelope)
    expect(mails[0]?.headers.constructor).toBeUndefined()
    await parser.stop()
  })

  it('hands over empty attachments', async () => {
    const parser = createParser()
    const part = '--b\r\nContent-Disposition: attachment; filename=empty\r\n\r\n'
    const raw = rawMail(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${part.repeat(3)}--b--\r\n`)
    const mail = await parser.parse(raw, never)
    expect(mail.attachments.map(({ sizeBytes }) => sizeBytes)).toEqual([0, 0, 0])
    expect(mail.malformed).toBeNull()
    await parser.stop()
  })

  it('cuts off a mail that takes too long, and goes on with the next', async () => {
    const parser = createParser({ timeoutMs: 30 })
    const [cut, next] = await Promise.all([
      parser.parse(slow, never),
      parser.parse(rawMail('Subject: next\r\n\r\nfine'), never),
    ])
    expect(cut).toMatchObject({ subject: 'slow', textSource: 'raw', malformed: 'parsing was cut off after 0.03 s' })
    expect(cut.text).toMatch(/^\.\n\.\n/)
    expect(next.subject).toBe('next')
    await parser.stop()
  })

  it('outlives a mail that takes too much memory', async () => {
    const parser = createParser({ heapMb: 12, timeoutMs: 20_000 })
    const hungry = rawMail(`Subject: hungry\r\nContent-Type: text/html\r\n\r\n${'<p>x</p>'.repeat(1_500_000)}`)
    expect(await parser.parse(hungry, never)).toMatchObject({
      subject: 'hungry',
      malformed: 'parsing took more than 12 MB',
    })
    await parser.stop()
  })

  it('hands over attachments larger than the heap of its thread, one after the other', async () => {
    const parser = createParser({ heapMb: 24, timeoutMs: 60_000 })
    const content = Buffer.alloc(8_000_000, 'attached')
    const head = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment\r\n\r\n'
    const raw = rawMail(new Uint8Array(Buffer.concat([Buffer.from(head), content, Buffer.from('\r\n--b--\r\n')])))
    for (let round = 0; round < 6; round++) {
      const { attachments, malformed } = await parser.parse(raw, never)
      expect(malformed).toBeNull()
      expect(Buffer.compare(attachments[0]?.content ?? Buffer.alloc(0), content)).toBe(0)
    }
    await parser.stop()
  })

  it('rejects when the caller gives up, and works on', async () => {
    const parser = createParser()
    const controller = new AbortController()
    const given = parser.parse(slow, controller.signal)
    const queued = parser.parse(rawMail('x'), controller.signal)
    const after = parser.parse(rawMail('Subject: after\r\n\r\n'), never)
    controller.abort(new Error('shutting down'))
    await expect(given).rejects.toThrow('shutting down')
    await expect(queued).rejects.toThrow('shutting down')
    expect((await after).subject).toBe('after')
    await expect(parser.parse(rawMail('x'), controller.signal)).rejects.toThrow('shutting down')
    await parser.stop()
  })

  it('rejects what waits when it is stopped, and what comes later', async () => {
    const parser = createParser()
    const outcomes = Promise.allSettled([parser.parse(slow, never), parser.parse(rawMail('x'), never)])
    await parser.stop()
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(parser.parse(rawMail('x'), never)).rejects.toThrow('the parser is stopped')
    await parser.stop()
  })

  it('bounds the mails that wait, beside the sixteen the thread has', async () => {
    const parser = createParser()
    const outcomes = Promise.allSettled(Array.from({ length: 1_100 }, () => parser.parse(rawMail('x'), never)))
    await parser.stop()
    const reasons = (await outcomes).map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : ''))
    expect(reasons.filter((reason) => reason.includes('wait for the parser'))).toHaveLength(84)
  })
})
