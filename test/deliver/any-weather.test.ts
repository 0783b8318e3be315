import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Channel, Outcome } from '#src/domain/channel.js'
import { makeDelivery, openStore, saveRouted } from '../store/store-fixture.js'
import { delivered, makeChannel, startLoop } from './loop-fixture.js'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

const weathers: Record<string, Outcome> = {
  works: delivered,
  refused: { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode: null, text: 'refused' },
  overloaded: { kind: 'transient', waitMs: 5_000, waitScope: 'channel', statusCode: 503, text: 'overloaded' },
  limited: { kind: 'transient', waitMs: 2_000, waitScope: 'address', statusCode: 429, text: 'slow down' },
  lost: { kind: 'unknown', text: 'reset' },
  locked: { kind: 'permanent', scope: 'channel', statusCode: 401, text: 'Unauthorized' },
  picky: { kind: 'permanent', scope: 'message', statusCode: 400, text: 'bad' },
}

const spell = fc.record({
  weather: fc.constantFrom(...Object.keys(weathers)),
  ms: fc.constantFrom(0, second, 31 * second, minute, 5 * minute, hour),
  event: fc.constantFrom('restart', 'pause', 'resume', 'nothing', 'nothing', 'nothing'),
})

test('whatever a channel does, over restarts and pauses: all is sent once, or is a dead letter that says why', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(spell, { maxLength: 12 }), fc.boolean(), async (spells, isLimited) => {
      let weather = 'works'
      const arrived: string[] = []
      const send = async (_: unknown, address: string | null): Promise<Outcome> => {
        const outcome = weathers[weather] ?? delivered
        if (outcome.kind === 'delivered') arrived.push(address ?? '')
        return outcome
      }
      const plain = makeChannel('ops', send, 3)
      const rates = { channel: { count: 20, perMs: 10 * second }, address: { count: 2, perMs: second } }
      const channel: Channel = isLimited ? { ...plain, kind: { ...plain.kind, rates } } : plain
      const store = openStore()
      let run = startLoop([channel], { store })
      const many = Array.from({ length: 8 }, (_, n) => makeDelivery({ address: `a${n}`, retryWindowMs: 12 * hour }))
      await saveRouted(store, 'm1', many)
      for (const { weather: next, ms, event } of spells) {
        weather = next
        if (event === 'pause') await run.loop.pause('ops', 'moving')
        if (event === 'resume') await run.loop.resume('ops')
        if (event === 'restart') {
          const { now } = run.clock
          await run.loop.stop()
          run = startLoop([channel], { store })
          run.clock.now = now
        }
        run.pass(ms)
        await run.loop.idle()
      }
      weather = 'works'
      await run.loop.resume('ops')
      for (let n = 0; n < 40; n++) {
        run.pass(n < 20 ? second : hour)
        await run.loop.idle()
      }
      await run.loop.stop()
      const lines = (await store.listDeliveries({ limit: 20 })).items
      for (const { status, address, last_error } of lines) {
        expect(arrived.filter((to) => to === address)).toHaveLength(status === 'sent' ? 1 : 0)
        if (status === 'dead') expect(last_error).toMatch(/Unauthorized|bad|given up|not sent within/)
        else expect(status).toBe('sent')
      }
      expect(lines).toHaveLength(8)
      await store.close()
    }),
    { numRuns: 25 },
  )
}, 120_000)
