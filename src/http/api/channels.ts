import { createRoute, z } from '@hono/zod-openapi'
import type { ChannelTest as Tested } from '../../engine/test-channel.js'
import type { ApiParts } from '../api.js'
import {
  Channel,
  ChannelDetailAnswer,
  ChannelKind,
  ChannelTest,
  ChatFindsAnswer,
  EnteredSettings,
  RotatedKeyAnswer,
} from '../schema/channel.js'
import { readActor } from './actor.js'
import { answer, createRoutes, jsonBody, operation, pageOf } from './operation.js'

const done = z.object({ ok: z.literal(true) })
const name = z.string().min(1).max(64)
const kind = z.string().min(1).max(64)
const params = z.object({ name })
const order = {
  to: z.string().max(4_000).optional().describe("A person's mail address, or an address on the channel."),
  text: z.string().max(4_000).default('This is a test. If you can read it, the channel works.'),
}
const pauseBody = z.object({ reason: z.string().max(500).default('') })
const newChannel = z.strictObject({ name, kind, settings: EnteredSettings.default({}) })
const wholeChannel = z.strictObject({ kind, settings: EnteredSettings.default({}) })
const changeBody = z.strictObject({
  settings: EnteredSettings.describe('JSON Merge Patch (RFC 7396): what is not named stays; null takes out.'),
})
const enteredTest = z.strictObject({
  ...order,
  kind,
  settings: EnteredSettings.default({}),
  name: name.optional().describe('A channel of that kind, for whose secrets `•••` stands.'),
})

const listChannels = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'channels', 'Lists the channels: of the config, and those made here'),
  responses: answer(pageOf(Channel), 'The channels'),
})
const listKinds = createRoute({
  method: 'get',
  path: '/kinds',
  ...operation('viewer', 'channels', 'Lists the kinds of channels, with the schemas of their settings'),
  responses: answer(pageOf(ChannelKind), 'The kinds'),
})
const readKind = createRoute({
  method: 'get',
  path: '/kinds/{kind}',
  ...operation('viewer', 'channels', 'Shows a kind of channels', { request: { params: z.object({ kind }) } }),
  responses: answer(ChannelKind, 'The kind'),
})
const readChannel = createRoute({
  method: 'get',
  path: '/{name}',
  ...operation('viewer', 'channels', 'Shows a channel, without its secrets', { request: { params } }),
  responses: answer(ChannelDetailAnswer, 'The channel'),
})
const createChannel = createRoute({
  method: 'post',
  path: '/',
  ...operation('admin', 'channels', 'Makes a channel, which stands in no file', {
    description: 'Its secrets are sealed with the key of the server. A name that a file has is refused: 409.',
    request: { body: jsonBody(newChannel) },
  }),
  responses: answer(ChannelDetailAnswer, 'The channel', 201),
})
const replaceChannel = createRoute({
  method: 'put',
  path: '/{name}',
  ...operation('admin', 'channels', 'Sets all of a channel that was made here anew', {
    description: 'What is not named is taken out. `•••` keeps the secret that is there.',
    request: { params, body: jsonBody(wholeChannel) },
  }),
  responses: answer(ChannelDetailAnswer, 'The channel as it is now'),
})
const changeChannel = createRoute({
  method: 'patch',
  path: '/{name}',
  ...operation('admin', 'channels', 'Changes settings of a channel that was made here; secrets not named are kept', {
    request: { params, body: jsonBody(changeBody) },
  }),
  responses: answer(ChannelDetailAnswer, 'The channel as it is now'),
})
const deleteChannel = createRoute({
  method: 'delete',
  path: '/{name}',
  ...operation('admin', 'channels', 'Deletes a channel that was made here', {
    description: 'Refused while anything names it, or deliveries are waiting on it: 409.',
    request: { params },
  }),
  responses: answer(z.object({ deleted: z.literal(1) }), 'It is gone'),
})
const testEntered = createRoute({
  method: 'post',
  path: '/test',
  ...operation('operator', 'channels', 'Sends a test message with settings that are not saved', {
    request: { body: jsonBody(enteredTest) },
  }),
  responses: answer(ChannelTest, 'What the vendor said'),
})
const testChannel = createRoute({
  method: 'post',
  path: '/{name}/test',
  ...operation('operator', 'channels', 'Sends a test message now', {
    request: { params, body: jsonBody(z.object(order)) },
  }),
  responses: answer(ChannelTest, 'What the vendor said'),
})
const pauseChannel = createRoute({
  method: 'post',
  path: '/{name}/pause',
  ...operation('operator', 'channels', 'Sends nothing on it until it is resumed; what comes waits', {
    request: { params, body: jsonBody(pauseBody) },
  }),
  responses: answer(done, 'It is paused'),
})
const resumeChannel = createRoute({
  method: 'post',
  path: '/{name}/resume',
  ...operation('operator', 'channels', 'Ends a pause: what waits goes out', { request: { params } }),
  responses: answer(done, 'It is tried again'),
})
const findChats = createRoute({
  method: 'get',
  path: '/{name}/chats',
  ...operation('operator', 'channels', 'Lists chats in which somebody wrote to a channel within the last hour', {
    description: 'Telegram shows the id of a chat nowhere: write to the bot there, and find it here.',
    request: { params },
  }),
  responses: answer(ChatFindsAnswer, 'The chats that were heard'),
})
const listenForChats = createRoute({
  method: 'post',
  path: '/{name}/chats',
  ...operation('operator', 'channels', 'Has a channel listen for a quarter of an hour for chats that write to it', {
    request: { params },
  }),
  responses: answer(ChatFindsAnswer, 'The chats that were heard so far'),
})
const rotateKey = createRoute({
  method: 'post',
  path: '/rotate-key',
  ...operation('admin', 'channels', 'Makes a new key of the server, and seals all secrets anew', {
    description: 'Refused when the key comes from MAILTRIGGER_SECRET_KEY: 409. Links in sent messages stay good.',
  }),
  responses: answer(RotatedKeyAnswer, 'The key in force'),
})

export function channelRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(listChannels, async (c) => c.json({ items: await calls.listChannels(), next_cursor: null }, 200))
  routes.openapi(listKinds, async (c) => c.json({ items: await calls.listKinds(), next_cursor: null }, 200))
  routes.openapi(readKind, async (c) => c.json(await calls.readKind(c.req.valid('param').kind), 200))
  routes.openapi(testEntered, async (c) => {
    const { name: known = null, kind: given, settings, to = null, text } = c.req.valid('json')
    return c.json(describeTest(await calls.testEntered({ name: known, kind: given, settings }, to, text)), 200)
  })
  routes.openapi(rotateKey, async (c) => c.json(await calls.rotateKey(readActor(c)), 200))
  routes.openapi(readChannel, async (c) => c.json(await calls.readChannel(c.req.valid('param').name), 200))
  routes.openapi(createChannel, async (c) => {
    const { name: given, kind: ofKind, settings } = c.req.valid('json')
    return c.json(await calls.createChannel(given, ofKind, settings, readActor(c)), 201)
  })
  routes.openapi(replaceChannel, async (c) => {
    const { kind: ofKind, settings } = c.req.valid('json')
    return c.json(await calls.replaceChannel(c.req.valid('param').name, ofKind, settings, readActor(c)), 200)
  })
  routes.openapi(changeChannel, async (c) => {
    const { settings } = c.req.valid('json')
    return c.json(await calls.changeChannel(c.req.valid('param').name, settings, readActor(c)), 200)
  })
  routes.openapi(deleteChannel, async (c) => {
    await calls.deleteChannel(c.req.valid('param').name, readActor(c))
    return c.json({ deleted: 1 as const }, 200)
  })
  routes.openapi(testChannel, async (c) => {
    const { to = null, text } = c.req.valid('json')
    return c.json(describeTest(await calls.testChannel(c.req.valid('param').name, to, text)), 200)
  })
  routes.openapi(findChats, async (c) => c.json(await calls.findChats(c.req.valid('param').name), 200))
  routes.openapi(listenForChats, async (c) =>
    c.json(await calls.listenForChats(c.req.valid('param').name, readActor(c)), 200),
  )
  routes.openapi(pauseChannel, async (c) => {
    await calls.pauseChannel(c.req.valid('param').name, c.req.valid('json').reason, readActor(c))
    return c.json({ ok: true as const }, 200)
  })
  routes.openapi(resumeChannel, async (c) => {
    await calls.resumeChannel(c.req.valid('param').name, readActor(c))
    return c.json({ ok: true as const }, 200)
  })
  return routes
}

function describeTest({ ok, provider, permanent }: Tested) {
  return ok ? { ok, provider } : { ok, error: provider, permanent }
}
