import { describe, expect, test } from 'vitest'
import { mattermost } from '#src/channels/mattermost.js'
import { rocketchat } from '#src/channels/rocketchat.js'
import { mattermost as mattermostVendor } from '../stand-ins/vendors/mattermost.js'
import { rocketchat as rocketchatVendor } from '../stand-ins/vendors/rocketchat.js'
import { makeMessage } from './context.js'
import { ack, deliver, perform, useVendor, withSettings } from './vendor-case.js'

describe('mattermost', () => {
  const given = useVendor(mattermost, mattermostVendor)

  test('posts a coloured attachment, marked by its severity', async () => {
    await deliver(given(), makeMessage({ text: 'see @channel' }), { ack })
    expect(given().running.requests[0]?.json).toMatchObject({
      text: '🔴 **Disk full on db1**',
      channel: '@tim',
      username: 'Gateway',
      priority: { priority: 'urgent', requested_ack: true },
      attachments: [
        {
          color: '#d32f2f',
          fallback: '🔴 Disk full on db1',
          text: expect.stringMatching(/^see @\u200bchannel\n\n🔗 \[Acknowledge\]\(/),
        },
      ],
    })
    await deliver(given(), makeMessage({ severity: 'info' }))
    expect(given().running.requests[1]?.json).not.toHaveProperty('priority')
  })
})

describe('rocketchat', () => {
  const given = useVendor(rocketchat, rocketchatVendor)

  test('posts a coloured attachment under another name', async () => {
    await deliver(given(), makeMessage({ text: 'a *b* @all [c](d)' }))
    expect(given().running.requests[0]?.json).toMatchObject({
      text: '🔴 *Disk full on db1*',
      alias: 'Gateway',
      attachments: [
        { color: '#d32f2f', text: expect.stringContaining('a *\u2060b*\u2060 @\u200ball [\u2060c]\u2060(d)') },
      ],
    })
  })
})

describe.each([
  ['mattermost', mattermost, mattermostVendor],
  ['rocketchat', rocketchat, rocketchatVendor],
] as const)('%s', (_, kind, vendor) => {
  const given = useVendor(kind, vendor)

  test('posts where the webhook does, where the settings say, or to people', () => {
    const webhook_url = 'https://chat.example/hooks/x'
    const destination = (settings: object) => kind.destination(kind.settings.parse({ webhook_url, ...settings }))
    expect(destination({})).toBe('chat.example')
    expect(destination({ channel: '#alerts' })).toBe('#alerts')
    expect(destination({ direct: true })).toBeNull()
  })

  test('says no channel when it is the webhook’s own', async () => {
    await perform(withSettings(given(), { direct: false }), makeMessage())
    expect(given().running.requests[0]?.json).not.toHaveProperty('channel')
  })

  test('degraded to plain it is one text', async () => {
    await deliver(given(), makeMessage(), { form: 'plain' })
    expect(given().running.requests[0]?.json).not.toHaveProperty('attachments')
  })
})
