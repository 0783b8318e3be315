import { afterAll, beforeAll, expect, test } from 'vitest'
import { findChannelKind } from '#src/channels/index.js'
import type { Message } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import { vendors } from '../stand-ins/vendors/index.js'
import { startVendor } from '../stand-ins/vendors/vendor.js'
import { makeMail, makeMessage, openOutbound } from './context.js'
import { deliver } from './vendor-case.js'

let outbound: Outbound
beforeAll(() => {
  outbound = openOutbound()
})
afterAll(() => outbound.close())

const evils: [name: string, evil: string][] = [
  ['CR LF', 'a\r\nX-Injected: 1\r\n\r\nX-Injected: 2'],
  ['LF', 'a\nX-Injected: 1'],
  ['CR', 'a\rX-Injected: 1'],
  ['NUL', 'a\0\r\nX-Injected: 1\0'],
  ['vertical tab, form feed, NEL', 'a\v\f\x85X-Injected: 1'],
  ['line and paragraph separators', 'a\u2028X-Injected: 1\u2029X-Injected: 2'],
  ['characters that become CR LF when they are cut to bytes', 'a\u010d\u010aX-Injected: 1\u560d\u560aX-Injected: 2'],
  ['an encoded word that is CR LF', '=?utf-8?Q?a=0D=0AX-Injected:_1?='],
  ['an encoded word in base64', `=?utf-8?B?${Buffer.from('a\r\nX-Injected: 1').toString('base64')}?=`],
  ['percent signs', 'a%0d%0aX-Injected:%201'],
  ['quotes', 'a"\r\nX-Injected: 1; name="b'],
  ['a boundary', 'a\r\n--boundary\r\nX-Injected: 1\r\n\r\n'],
]

/** Everything that a mail's sender chooses and that may end up in a header, of HTTP, of a part or of a mail. */
function evilMessage(evil: string): Message {
  return makeMessage({
    title: evil,
    from: evil,
    labels: { [evil]: evil, host: evil },
    links: [{ label: evil, url: `https://x.example/?${evil}` }],
    notes: [evil],
    attachments: [{ filename: evil, contentType: `text/plain\r\nX-Injected: 1; ${evil}`, sizeBytes: 3 }],
    origin: { gateways: [evil], isBackscatter: false, replyTo: evil },
  })
}

test.each(vendors.map((vendor) => [[vendor.kind, vendor.variant].filter(Boolean).join(', '), vendor] as const))(
  '%s: no header is made of what a sender wrote',
  async (_, vendor) => {
    const kind = findChannelKind(vendor.kind)
    if (!kind) throw new Error(`${vendor.kind} is in THE list`)
    const running = await startVendor(vendor)
    try {
      for (const [name, evil] of evils) {
        const contentType = `text/plain\r\nX-Injected: 1; ${evil}`
        const attachments = [{ filename: evil, contentType, sizeBytes: 3, content: Buffer.from('abc') }]
        await deliver({ kind, vendor, running, outbound }, evilMessage(evil), {
          loadMail: async () => makeMail({ subject: evil, attachments }),
          fingerprint: evil,
        })
        for (const { headers, bytes } of running.requests.splice(0)) {
          expect(Object.keys(headers).join(), name).not.toMatch(/injected/i)
          // Of a form's parts, too: no line of a body begins with what would be a header.
          expect(bytes.toString('latin1'), name).not.toMatch(/^x-injected/im)
        }
      }
      expect(running.refused()).toEqual([])
    } finally {
      await running.stop()
    }
  },
)
