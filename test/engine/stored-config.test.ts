import { describe, expect, it } from 'vitest'
import { channelKinds } from '#src/channels/index.js'
import type { Config } from '#src/domain/config.js'
import type { StoredChannel } from '#src/domain/stored-channel.js'
import type { StoredPerson } from '#src/domain/stored-person.js'
import { inboxChannel } from '#src/engine/load-config.js'
import { sealAnew, sealChannel } from '#src/engine/stored-channel.js'
import { mergeStored } from '#src/engine/stored-config.js'
import { makeConfig } from '../steps/step-fixture.js'
import { noon } from '../store/store-fixture.js'
import { makeFileKeys, makeKeys } from './key-fixture.js'

const ring = makeKeys().ring()
const token = '123456:stored-token'

function stored(name: string, kind: string, settings: Record<string, unknown>, by = ring): StoredChannel {
  const facts = { name, kind, settings, createdAt: noon, changedAt: noon, changedBy: 'cli:root' }
  return sealChannel(facts, by, channelKinds)
}

function person(address: string, changes: Partial<StoredPerson>): StoredPerson {
  return { address, name: null, manager: null, channels: {}, changedAt: noon, changedBy: 'cli:root', ...changes }
}

const at = (address: string) => ({ address, by: 'entry' as const, at: noon })

function merge(channels: StoredChannel[], people: StoredPerson[] = [], files: Partial<Config> = {}, keys = ring) {
  return mergeStored(makeConfig(files), { channels, people }, { ring: keys, kinds: channelKinds, inbox: null })
}

const bot = stored('pager', 'telegram', { bot_token: token, chat_id: '-100', daily_cap: 5 })

describe('a stored channel', () => {
  it('has its secrets sealed and the rest readable', () => {
    expect(bot.settings).toEqual({ chat_id: '-100', daily_cap: 5 })
    expect(JSON.stringify(bot)).not.toContain('stored-token')
  })

  it('is a channel like those of the files, and its secrets are known as such', () => {
    const { config, stored: opened } = merge([bot])
    expect(config.channels.pager).toMatchObject({
      name: 'pager',
      kind: { kind: 'telegram' },
      settings: { bot_token: token, parse_mode: 'html' },
      destination: '-100',
      limits: { perDayMax: 5 },
    })
    expect(config.secrets).toContain(token)
    expect(opened.get('pager')).toMatchObject({ problem: null, isFormer: false })
  })

  it('stands behind one of the files', () => {
    const files = makeConfig()
    const { config } = mergeStored(
      files,
      {
        channels: [stored('telegram', 'slack', { webhook_url: 'https://hooks.slack.com/services/T0/B0/x' })],
        people: [],
      },
      { ring, kinds: channelKinds, inbox: null },
    )
    expect(config.channels.telegram).toBe(files.channels.telegram)
  })

  it('is the inbox where everything goes there', () => {
    const parts = { ring, kinds: channelKinds, inbox: inboxChannel }
    const { config } = mergeStored(makeConfig(), { channels: [bot], people: [] }, parts)
    expect(config.channels.pager?.kind.kind).toBe('inbox')
  })

  it.each<[string, StoredChannel, string]>([
    [
      'under a lost key',
      stored('pager', 'telegram', { bot_token: token }, makeKeys('x'.repeat(32)).ring()),
      'set MAILTRIGGER_SECRET_KEY_PREVIOUS',
    ],
    ['that was tampered with', { ...bot, kind: 'slack' }, 'its secrets were changed in the store'],
    ['of a kind that is gone', { ...bot, sealed: null, kind: 'carrier_pigeon' }, 'no channels of kind carrier_pigeon'],
    ['with settings that are refused now', { ...bot, settings: { gone: 1 } }, 'unknown key "gone" in channels.pager'],
  ])('%s answers every delivery as failing credentials do, and says what to do', async (_, channel, words) => {
    const { config, stored: opened } = merge([channel, stored('other', 'telegram', { bot_token: token, chat_id: '1' })])
    expect(opened.get('pager')?.problem).toContain(words)
    const broken = config.channels.pager
    const outcome = await broken?.kind.send({} as never, null, broken.settings, {} as never)
    expect(outcome).toEqual({
      kind: 'permanent',
      scope: 'channel',
      statusCode: null,
      text: `the channel cannot be used: ${opened.get('pager')?.problem}`,
    })
    expect(broken?.destination).toBe('a place of its own')
    expect(config.channels.other?.destination).toBe('1')
  })

  it('that cannot be used delivers to people when people have addresses for it', () => {
    const lost = stored('pager', 'telegram', { bot_token: token }, makeKeys('x'.repeat(32)).ring())
    const { config } = merge([lost], [person('tim@mailtrigger.app', { channels: { pager: at('42') } })])
    expect(config.channels.pager?.destination).toBeNull()
    expect(config.people['tim@mailtrigger.app']?.channels.pager).toBe('42')
  })

  it('under a file key says where that key may be', () => {
    const { keys, remove } = makeFileKeys()
    expect(merge([bot], [], {}, keys.ring()).stored.get('pager')?.problem).toContain('restore mailtrigger.key')
    remove()
  })

  it('is sealed anew under a new key, when a former one opens it, and only then', () => {
    const newer = makeKeys('the second secret of this server', 'the first secret of this server!').ring()
    const strange = stored('lost', 'telegram', { bot_token: token }, makeKeys('x'.repeat(32)).ring())
    const current = stored('new', 'telegram', { bot_token: token }, newer)
    const [resealed, ...others] = sealAnew([bot, strange, current, stored('log', 'log', {})], newer)
    expect(others).toEqual([])
    expect(resealed).toMatchObject({ ...bot, sealed: { keyId: newer.current.sealing.id } })
    const alone = makeKeys('the second secret of this server').ring()
    expect(merge(resealed ? [resealed] : [], [], {}, alone).stored.get('pager')?.problem).toBeNull()
  })
})

describe('a stored person', () => {
  const files = makeConfig()
  const [known = ''] = Object.keys(files.people)

  it('fills in what the files do not say', () => {
    const entered = person(known, { name: 'Entered', channels: { telegram: at('999'), pager: at('42') } })
    const { config, leftOut } = merge([stored('pager', 'telegram', { bot_token: token })], [entered])
    const before = files.people[known]
    expect(config.people[known]).toMatchObject({
      name: before?.name ?? 'Entered',
      channels: { ...before?.channels, pager: '42' },
    })
    expect(leftOut).toEqual([])
  })

  it('is somebody the files do not know', () => {
    const ann = person('ann@mailtrigger.app', { name: 'Ann', manager: known, channels: { telegram: at('7') } })
    expect(merge([], [ann]).config.people['ann@mailtrigger.app']).toEqual({
      address: 'ann@mailtrigger.app',
      name: 'Ann',
      manager: known,
      channels: { telegram: '7' },
      quietHours: null,
    })
  })

  it('whose address or manager does not hold is told, and keeps the rest', () => {
    const ann = person('ann@mailtrigger.app', {
      manager: 'gone@mailtrigger.app',
      channels: { gone: at('1'), pager: at('nonsense here'), telegram: at('7') },
    })
    const { config, leftOut } = merge([stored('pager', 'telegram', { bot_token: token })], [ann])
    expect(config.people['ann@mailtrigger.app']).toMatchObject({ manager: null, channels: { telegram: '7' } })
    expect(leftOut.map(({ channel, reason }) => [channel, reason])).toEqual([
      ['gone', 'there is no channel gone any more'],
      ['pager', expect.stringContaining('no Telegram address')],
      [null, 'the manager gone@mailtrigger.app is no person any more'],
    ])
  })
})
