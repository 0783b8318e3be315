import { afterEach, describe, expect, it } from 'vitest'
import type { Channel, ChannelKind, ListenContext } from '#src/domain/channel.js'
import type { Config } from '#src/domain/config.js'
import type { Route } from '#src/domain/route.js'
import { Listeners } from '#src/engine/listeners.js'
import { signHookSecret } from '#src/follow/ack-token.js'
import { makeConfig } from '../steps/step-fixture.js'

const position = { file: 'routes.yaml', line: 1, column: 1 }
const started: Listeners[] = []
afterEach(async () => {
  for (const listeners of started.splice(0)) await listeners.stop()
})

describe('a channel', () => {
  it.each<[string, Partial<Parameters<typeof makeRoute>[0]>, string[]]>([
    ['on which a route offers to acknowledge is listened to', {}, ['telegram']],
    ['to which it escalates as well', { escalatesTo: ['backup'] }, ['telegram', 'backup']],
    ['that only sends is not', { offersAck: false }, []],
    ['of a route that is switched off is not', { enabled: false }, []],
    ['whose kind hears nothing is not', { channels: ['deaf'] }, []],
  ])('%s', async (_, route, heard) => {
    const ears = startListeners()
    await ears.listeners.take(makeSetting(route, ears.kind))
    expect([...ears.listening.keys()]).toEqual(heard)
  })

  it('by which somebody may link an address is listened to, as long as that is so', async () => {
    const linking = ['telegram', 'deaf', 'gone']
    const ears = startListeners({}, linking)
    await ears.listeners.take(makeSetting({ offersAck: false }, ears.kind))
    expect(ears.log).toEqual(['telegram begins'])
    linking.length = 0
    await ears.listeners.take(makeSetting({ offersAck: false }, ears.kind))
    expect(ears.log).toEqual(['telegram begins', 'telegram ends'])
  })

  it('goes on listening over a reload that does not concern it', async () => {
    const ears = startListeners()
    await ears.listeners.take(makeSetting({}, ears.kind))
    await ears.listeners.take(makeSetting({ escalatesTo: ['backup'] }, ears.kind))
    expect(ears.log).toEqual(['telegram begins', 'backup begins'])
  })

  it.each<[string, (config: Config) => void]>([
    [
      'its settings',
      (config) => Object.assign(config.channels.telegram ?? {}, { settings: { name: 'telegram', token: 'new' } }),
    ],
    ['the public URL', (config) => Object.assign(config.server.http, { publicUrl: 'https://new.example' })],
  ])('listens anew when %s changed, after it has ended', async (_, change) => {
    const ears = startListeners()
    await ears.listeners.take(makeSetting({}, ears.kind))
    const next = makeSetting({}, ears.kind)
    change(next)
    await ears.listeners.take(next)
    expect(ears.log).toEqual(['telegram begins', 'telegram ends', 'telegram begins'])
  })

  it('that no route offers anything on any more is left alone', async () => {
    const ears = startListeners()
    await ears.listeners.take(makeSetting({}, ears.kind))
    await ears.listeners.take(makeSetting({ offersAck: false }, ears.kind))
    expect(ears.log).toEqual(['telegram begins', 'telegram ends'])
  })

  it('of one bot with another has one listener for both', async () => {
    const ears = startListeners({ listenKey: () => 'bot' })
    await ears.listeners.take(makeSetting({ escalatesTo: ['backup'] }, ears.kind))
    expect(ears.log).toEqual(['telegram begins'])
    ears.listening.get('telegram')?.onProblem('another program polls this bot')
    expect(ears.listeners.problem('backup')).toBe('another program polls this bot')
  })
})

describe('a listener', () => {
  it('says what is wrong with the buttons, without secrets, until they work again', async () => {
    const ears = startListeners()
    await ears.listeners.take({ ...makeSetting({}, ears.kind), secrets: ['secret-token'] })
    const context = ears.listening.get('telegram')
    context?.onProblem('the token secret-token is wrong')
    expect(ears.listeners.problem('telegram')).toBe('the token ••• is wrong')
    context?.onProblem(null)
    expect(ears.listeners.problem('telegram')).toBeNull()
    expect(ears.listeners.problem('deaf')).toBeNull()
    expect(ears.told).toEqual([
      'the buttons of channel telegram do not work: the token ••• is wrong',
      'the buttons of channel telegram work',
    ])
  })

  it('that has tried once is known to have, and one that takes too long is not waited for', async () => {
    const ears = startListeners()
    await ears.listeners.take(makeSetting({}, ears.kind))
    const over = new AbortController()
    const waited = ears.listeners.whenTried('telegram', over.signal)
    over.abort()
    await waited
    ears.listening.get('telegram')?.onProblem('a webhook is set for this bot')
    await ears.listeners.whenTried('telegram', new AbortController().signal)
    await ears.listeners.whenTried('nobody', new AbortController().signal)
    expect(ears.listeners.problem('telegram')).toBe('a webhook is set for this bot')
  })

  it('that ends by a mistake says so, and takes nothing with it', async () => {
    const ears = startListeners({ listen: () => Promise.reject(new TypeError('x is not a function')) })
    await ears.listeners.take(makeSetting({}, ears.kind))
    await ears.listeners.stop()
    expect(ears.told.join()).toContain('x is not a function')
  })

  it('is told where the vendor can call, and by what secret it is known', async () => {
    const ears = startListeners()
    const setting = makeSetting({}, ears.kind)
    setting.server.http.publicUrl = 'https://alerts.example'
    await ears.listeners.take(setting)
    expect(ears.listening.get('telegram')?.hookUrl).toBe('https://alerts.example/hooks/telegram')
    expect(ears.listening.get('telegram')?.hookSecret).toMatch(/^[\w-]{43}$/)
  })

  it('takes calls of its vendor, and refuses others', async () => {
    const ears = startListeners({ takeHook: async ({ headers }) => headers['x-secret'] === 'right' })
    await ears.listeners.take(makeSetting({}, ears.kind))
    const call = (secret: string) => ({ headers: { 'x-secret': secret }, query: '', body: '{}' })
    expect(await ears.listeners.takeHook('telegram', call('right'))).toMatchObject({ status: 200 })
    expect(await ears.listeners.takeHook('telegram', call('wrong'))).toMatchObject({ status: 403 })
    expect(await ears.listeners.takeHook('deaf', call('right'))).toMatchObject({ status: 404 })
    expect(await ears.listeners.takeHook('__proto__', call('right'))).toMatchObject({ status: 404 })
  })

  it('begins anew under a new key, so that its vendor learns the new secret', async () => {
    const keys = [Buffer.alloc(32, 1)]
    const ears = startListeners({}, [], () => keys)
    const setting = makeSetting({}, ears.kind)
    await ears.listeners.take(setting)
    keys.unshift(Buffer.alloc(32, 3))
    await ears.listeners.take(setting)
    expect(ears.log).toEqual(['telegram begins', 'telegram ends', 'telegram begins'])
    expect(ears.listening.get('telegram')?.hookSecret).toBe(signHookSecret(Buffer.alloc(32, 3), 'telegram'))
  })

  it('knows its vendor by the secret of a former key, too', async () => {
    const ears = startListeners({ takeHook: async ({ body }, _, { hookSecret }) => body === hookSecret })
    await ears.listeners.take(makeSetting({}, ears.kind))
    const status = async (key: number, name = 'telegram') => {
      const body = signHookSecret(Buffer.alloc(32, key), name)
      return (await ears.listeners.takeHook('telegram', { headers: {}, query: '', body })).status
    }
    expect([await status(1), await status(2), await status(3), await status(1, 'ops')]).toEqual([200, 200, 403, 403])
  })
})

function startListeners(
  changes: Partial<ChannelKind> = {},
  linking: string[] = [],
  signingKeys: () => Uint8Array[] = () => [Buffer.alloc(32, 1), Buffer.alloc(32, 2)],
) {
  const listening = new Map<string, ListenContext>()
  const log: string[] = []
  const told: string[] = []
  const template = makeConfig().channels.telegram?.kind
  if (!template) throw new Error('the config has no telegram')
  const kind: ChannelKind = {
    ...template,
    async listen(settings, context) {
      const { name } = settings as { name: string }
      listening.set(name, context)
      log.push(`${name} begins`)
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve, { once: true }))
      log.push(`${name} ends`)
    },
    ...changes,
  }
  const listeners = new Listeners({
    fetch,
    signingKeys,
    onPress: async () => 'acknowledged',
    onLink: async () => null,
    onResult: async () => undefined,
    onSession: async () => undefined,
    onChat: () => undefined,
    listLinking: async () => linking,
    now: Date.now,
    log: (_, message) => told.push(message),
  })
  started.push(listeners)
  return { listeners, kind, listening, log, told }
}

interface RouteChanges {
  channels: string[]
  escalatesTo: string[]
  offersAck: boolean
  enabled: boolean
}

function makeSetting(changes: Partial<RouteChanges>, kind: ChannelKind): Config {
  const config = makeConfig({ routes: [makeRoute(changes)] })
  const make = (name: string, its: ChannelKind): Channel => {
    const limits = { rate: null, perDayMax: null, retryMs: null, retryWindowMs: null }
    return { name, kind: its, settings: { name }, destination: null, limits, template: null }
  }
  const { listen: _, ...deaf } = kind
  return {
    ...config,
    channels: { telegram: make('telegram', kind), backup: make('backup', kind), deaf: make('deaf', deaf) },
  }
}

function makeRoute({
  channels = ['telegram'],
  escalatesTo = [],
  offersAck = true,
  enabled = true,
}: Partial<RouteChanges>): Route {
  return {
    name: 'disks',
    enabled,
    when: { kind: 'all', of: [], position },
    steps: [
      {
        verb: 'send',
        channels,
        to: null,
        template: null,
        offersAck,
        repeat: null,
        escalations: escalatesTo.map((channel) => ({ afterMs: 1, channels: [channel], to: null })),
        during: null,
        position,
      },
    ],
    stop: false,
    severity: null,
    event: null,
    labels: {},
    onError: 'send',
    retryMs: null,
    retryWindowMs: null,
    position,
  }
}
