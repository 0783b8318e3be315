import { createRoute, z } from '@hono/zod-openapi'
import { ruleEvents } from '../../domain/monitor.js'
import type { ApiParts } from '../api.js'
import { Rule } from '../schema/monitor.js'
import { readActor } from './actor.js'
import { answer, createRoutes, jsonBody, operation, pageOf } from './operation.js'
import { idParam } from './query.js'

const ruleBody = z.object({
  subject: z.enum(['job', 'monitor']),
  name: z.string().min(1).max(200).describe("The job's or the monitor's name, or `*`."),
  event: z.enum(ruleEvents),
  channels: z.array(z.string().min(1).max(200)).min(1).max(50),
})

const listRules = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'rules', 'Lists who hears of jobs and monitors, beside what the config says'),
  responses: answer(pageOf(Rule), 'The rules'),
})
const addRule = createRoute({
  method: 'post',
  path: '/',
  ...operation('admin', 'rules', 'Adds a rule', { request: { body: jsonBody(ruleBody) } }),
  responses: answer(Rule, 'The rule', 201),
})
const removeRule = createRoute({
  method: 'delete',
  path: '/{id}',
  ...operation('admin', 'rules', 'Removes a rule', { request: { params: idParam } }),
  responses: answer(z.object({ removed: z.literal(1) }), 'It is gone'),
})

export function ruleRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(listRules, async (c) => c.json({ items: await calls.listRules(), next_cursor: null }, 200))
  routes.openapi(addRule, async (c) => c.json(await calls.addRule(c.req.valid('json'), readActor(c)), 201))
  routes.openapi(removeRule, async (c) => {
    await calls.removeRule(c.req.valid('param').id, readActor(c))
    return c.json({ removed: 1 as const }, 200)
  })
  return routes
}
