import { expect, test } from 'vitest'
import { teams } from '#src/channels/teams.js'
import { teams as vendor } from '../stand-ins/vendors/teams.js'
import { makeMessage } from './context.js'
import { ack, deliver, perform, useVendor } from './vendor-case.js'

const given = useVendor(teams, vendor)

test('posts a card with the title in the style of the severity, and links as buttons', async () => {
  await deliver(given(), makeMessage({ text: '*a*\nb', severity: 'warning' }), { ack })
  expect(given().running.requests[0]?.json).toMatchObject({
    type: 'message',
    attachments: [
      {
        content: {
          msteams: { width: 'Full' },
          body: [
            { type: 'Container', style: 'warning', items: [{ text: '🟡 Disk full on db1' }] },
            { type: 'TextBlock', text: '\\*a\\*\n\nb' },
            { type: 'TextBlock', isSubtle: true },
          ],
          actions: [{ type: 'Action.OpenUrl', title: 'Acknowledge', url: ack.url }],
        },
      },
    ],
  })
})

test('202 is not taken for delivered', async () => {
  expect(await perform(given(), makeMessage())).toMatchObject({ kind: 'accepted', statusCode: 202 })
})

test('a connector that Microsoft has shut down is refused with a way out', () => {
  const webhook_url = 'https://contoso.webhook.office.com/webhookb2/x'
  expect(teams.settings.safeParse({ webhook_url }).error?.message).toContain('make a workflow')
})

test('of many long links it shows as many as there is room for', async () => {
  const links = Array.from({ length: 10 }, (_, index) => ({
    label: `${index}`,
    url: `https://x.example/${'a'.repeat(1_200)}`,
  }))
  await deliver(given(), makeMessage({ links }), { ack })
  expect(given().running.requests[0]?.body.match(/Action\.OpenUrl/g)).toHaveLength(4)
})
