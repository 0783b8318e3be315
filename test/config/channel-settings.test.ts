import { describe, expect, test } from 'vitest'
import { channelKinds } from '#src/channels/index.js'
import { readEnteredChannel } from '#src/config/channel-settings.js'

const secret = 'xoxb-1234567890-CANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARY'

const read = (kind: string, settings: Record<string, unknown>, name = 'ops') =>
  readEnteredChannel({ name, kind, settings }, channelKinds)

describe('settings that are entered', () => {
  test('make a channel, with limits and template, and are taken as they are', () => {
    const entered = { bot_token: secret, channel: '#ops', retry: ['1m'], template: 'from ${HOME} {{ title }}' }
    const { channel, issues, secrets } = read('slack', entered)
    expect(issues).toEqual([])
    expect(channel).toMatchObject({
      name: 'ops',
      settings: { bot_token: secret, channel: '#ops', mention: [] },
      limits: { retryMs: [60_000] },
      template: { title: null, text: 'from ${HOME} {{ title }}' },
    })
    expect(secrets).toEqual([secret])
  })

  test('may have a number where a text is wanted, as in a file', () => {
    expect(read('telegram', { bot_token: '1:abcdef', chat_id: -100123 }).channel?.destination).toBe('-100123')
  })

  const deep = JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`)
  test.each<[string, string, Record<string, unknown>, string, string?]>([
    ['a key that is misspelt', 'slack', { bot_tokn: secret }, 'unknown key "bot_tokn" in channels.ops'],
    ['a form that is wrong', 'telegram', { bot_token: 'abc' }, 'channels.ops.bot_token: must look like 123456:ABC'],
    ['a secret in the wrong form', 'slack', { webhook_url: secret }, 'channels.ops.webhook_url cannot be what it is'],
    [
      'a type that is wrong',
      'webhook',
      { url: 'https://a.example', headers: secret },
      'channels.ops.headers has to be a map',
    ],
    ['nothing at all', 'telegram', {}, '"bot_token" is missing in channels.ops'],
    ['a kind that is none', 'slak', {}, 'there is no kind of channel "slak"'],
    ['a kind among the settings', 'slack', { kind: 'log' }, 'channels.ops: needs either webhook_url or bot_token'],
    ['a template that cannot be read', 'log', { template: '{{ title' }, 'the template cannot be read'],
    ['a limit that is none', 'log', { daily_cap: 0 }, 'channels.ops.daily_cap: at least 1'],
    ['a key that is special', 'log', JSON.parse('{"__proto__": {"a": 1}}'), 'unknown key "__proto__" in channels.ops'],
    ['too much', 'log', { template: 'x'.repeat(70_000) }, 'the settings of ops are too large'],
    ['too deep', 'log', deep, 'the settings of ops are too large'],
    ['a name with a slash', 'log', {}, 'a channel cannot be called "a/b"', 'a/b'],
    ['a name that is a key of people', 'log', {}, 'a channel cannot be called "manager"', 'manager'],
  ])('are refused: %s', (_, kind, settings, message, name) => {
    const { channel, issues } = read(kind, settings, name)
    expect(channel).toBeNull()
    expect(issues[0]?.message).toContain(message)
    expect(issues[0]).toMatchObject({ position: null, frame: null })
    expect(JSON.stringify(issues)).not.toContain('CANARY')
  })
})
