import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { channelKinds } from '#src/channels/index.js'
import { checkPattern } from '#src/route/patterns.js'
import { parse } from './kinds.js'

/** The example with the commented route in place of the one that archives Monit's mails, and without jobs. */
async function readVariant(): Promise<string> {
  const lines = (await readFile('routes.example.yaml', 'utf8')).split('\n')
  const archive = lines.findIndex((line) => line.includes('- name: Monit archive'))
  const start = lines.findIndex((line) => line.startsWith('  # - name: Monit services that stay down'))
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('  #'))
  const variant = lines.slice(start, end).map((line) => line.replace(/^ {2}# /, '  '))
  return [...lines.slice(0, archive), ...variant].join('\n')
}

test('the example has the Monit case without a program, too', async () => {
  const text = await readVariant()
  const { config, warnings } = parse(text, { kinds: channelKinds, checkPattern })
  expect(warnings).toEqual([])
  const route = config.routes.at(-1)
  expect(route?.name).toBe('Monit services that stay down')
  expect(route?.steps.map(({ verb }) => verb)).toEqual(['extract', 'hold', 'recipients', 'set', 'send'])
  expect(route?.steps[1]).toMatchObject({ forMs: 1_800_000 })
})
