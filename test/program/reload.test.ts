import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Program, startProgram } from './start-program.js'

let program: Program

const yaml = (word: string, rest = '') => `version: 1
channels: { inbox: { kind: inbox } }
routes: [ { name: ${word}, when: { subject: ${word} }, steps: [ { send: inbox } ] } ]
${rest}`

beforeAll(async () => {
  program = await startProgram(yaml('first'))
})
afterAll(() => program.stop())

const routesOf = async (subject: string): Promise<string[]> => {
  const { mail } = await program.settled(await program.send({ subject }))
  return mail.routes
}

/** Resolves when the program said so, whether it had already or will. */
async function eventOf(type: string, from: number): Promise<void> {
  const until = Date.now() + 15_000
  while (!program.events.slice(from).some((event) => event.type === type)) {
    if (Date.now() > until) throw new Error(`no ${type}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

it('takes over a saved config, without losing what it is doing', async () => {
  expect(await routesOf('first')).toEqual(['first'])
  const from = program.events.length
  program.writeRoutes(yaml('second'))
  await eventOf('config.reloaded', from)
  expect(await routesOf('second')).toEqual(['second'])
  expect(await routesOf('first')).toEqual([])
})

it('keeps the last good config when the saved one is invalid, and says why', async () => {
  const from = program.events.length
  program.writeRoutes(yaml('third', 'routez: []\n'))
  await eventOf('config.rejected', from)
  expect(program.events.slice(from).find((event) => event.type === 'config.rejected')).toMatchObject({
    message: expect.stringContaining('unknown key "routez"'),
  })
  expect(await routesOf('second')).toEqual(['second'])
  await expect(program.app.reload()).rejects.toMatchObject({ name: 'ConfigError' })
})

it('keeps the last good config when an action of the saved one cannot be built', async () => {
  const from = program.events.length
  program.writeRoutes(`version: 1
channels: { inbox: { kind: inbox } }
actions: { broken: { module: routes.yaml } }
routes: [ { name: x, steps: [ { run: broken }, { send: inbox } ] } ]
`)
  await eventOf('config.rejected', from)
  expect(await routesOf('second')).toEqual(['second'])
})

it('recovers with the next good one', async () => {
  const from = program.events.length
  program.writeRoutes(yaml('fourth'))
  await eventOf('config.reloaded', from)
  expect(await routesOf('fourth')).toEqual(['fourth'])
})

it('replays a mail with the config of now', async () => {
  const id = await program.send({ subject: 'fifth' })
  const { mail } = await program.settled(id)
  expect(mail).toMatchObject({ status: 'unrouted', generation: 0, routes: [] })
  const from = program.events.length
  program.writeRoutes(yaml('fifth'))
  await eventOf('config.reloaded', from)
  await program.app.calls.replayMails([id], 'test')
  const replayed = await program.mailWhen(id, (one) => one.status === 'routed')
  expect(replayed).toMatchObject({
    generation: 1,
    routes: ['fifth'],
    traces: [{ outcome: 'unrouted' }, { outcome: 'routed' }],
  })
})
