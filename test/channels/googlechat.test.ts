import { expect, test } from 'vitest'
import { googlechat } from '#src/channels/googlechat.js'
import { googlechat as vendor } from '../stand-ins/vendors/googlechat.js'
import { makeMessage } from './context.js'
import { ack, deliver, useVendor } from './vendor-case.js'

const given = useVendor(googlechat, vendor)
const request = (index = 0) => given().running.requests[index]

test('posts the title as text and the rest as a card, where a mail’s markup is text', async () => {
  const sent = await deliver(given(), makeMessage({ title: '<users/all> *x*', text: '<b>a</b> &\nb' }), { ack })
  expect(sent).toEqual({ name: 'spaces/AAAA/messages/B.B', thread: 'spaces/AAAA/threads/B' })
  expect(request()?.json).toEqual({
    text: '🔴 <\u2060users/all> *\u2060x*\u2060',
    cardsV2: [
      {
        cardId: 'message',
        card: {
          sections: [
            {
              widgets: [
                { textParagraph: { text: '&lt;b&gt;a&lt;/b&gt; &amp;<br>b' } },
                { textParagraph: { text: '<i>Critical · from cron@db1.example · 2026-08-01 12:00 UTC</i>' } },
                { buttonList: { buttons: [{ text: 'Acknowledge', onClick: { openLink: { url: ack.url } } }] } },
              ],
            },
          ],
        },
      },
    ],
  })
})

test('every attempt carries the same id, which the vendor knows a repeat by', async () => {
  await deliver(given(), makeMessage(), { attempt: 1 })
  await deliver(given(), makeMessage(), { attempt: 2 })
  for (const index of [0, 1]) expect(request(index)?.path).toContain('requestId=01JDELIVERY')
})

test('the end of an alert answers in its thread; a repeat does not', async () => {
  const sent = { thread: 'spaces/AAAA/threads/T' }
  await deliver(given(), makeMessage(), { sent }, 'resolve')
  await deliver(given(), makeMessage(), { sent })
  expect(request(0)?.json).toMatchObject({ thread: { name: sent.thread } })
  expect(request(0)?.path).toContain('messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD')
  expect(request(1)?.json).not.toHaveProperty('thread')
})

test('degraded to plain it has no card', async () => {
  await deliver(given(), makeMessage(), { form: 'plain', ack })
  expect(request()?.json).toEqual({ text: expect.stringContaining(`<${ack.url}|Acknowledge>`) })
})
