import { expect, it } from 'vitest'
import { disguise } from '#src/config/draft.js'
import { offerDraftCalls } from '#src/engine/draft-calls.js'
import type { Engine } from '#src/engine/engine.js'

it('when the time is up, the answer is what there is, and says how much is missing', async () => {
  const hangs = (_: unknown, signal: AbortSignal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      if (signal.aborted) reject(signal.reason)
    })
  const parts = { parse: hangs, config: { secrets: [] } }
  const engine = {
    loadTrial: async () => ({ draft: parts, inForce: parts, warnings: [] }),
    store: { readRawMail: async (id: string) => ({ id, receivedAt: 0, raw: new Uint8Array(), envelope: {} }) },
  } as unknown as Engine
  const { tryDraft } = offerDraftCalls(engine, 1)
  const answer = await tryDraft({ draft: { text: '' }, mails: { ids: ['a', 'b', 'a'] }, askLlm: false })
  expect(answer).toEqual({ ok: true, warnings: [], items: [], partial: true, not_tried: 2 })
  const tooMany = Array.from({ length: 201 }, (_, n) => String(n))
  const refused = tryDraft({ draft: { text: '' }, mails: { ids: tooMany }, askLlm: false })
  await expect(refused).rejects.toMatchObject({ status: 400 })
})

it.each([
  ['https://hooks.slack.com/services/T01/B02/aBc', 'https://xxxxx.xxxxx.xxx/xxxxxxxx/X00/X00/xXx'],
  ['123456:AbC-9_x', '000000:XxX-0_x'],
  ['', ''],
])('a secret is disguised as one of its shape: %s', (secret, shown) => {
  expect(disguise(secret)).toBe(shown)
})
