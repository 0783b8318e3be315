import { createRoute, z } from '@hono/zod-openapi'
import type { ApiParts } from '../api.js'
import { Diagnosis } from '../schema/doctor.js'
import { readActor } from './actor.js'
import { answer, createRoutes, operation } from './operation.js'

const diagnose = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'server', 'Says how healthy the server is: folder, disk, clock, certificate, channels'),
  responses: answer(Diagnosis, 'What was found'),
})
const checkDatabase = createRoute({
  method: 'post',
  path: '/database',
  ...operation('operator', 'server', 'Begins to look at the whole database, which may take minutes', {
    description: 'Mails go on being received and delivered meanwhile. `GET /doctor` says what came of it.',
  }),
  responses: answer(Diagnosis, 'It is under way', 202),
})
const mend = createRoute({
  method: 'post',
  path: '/fix',
  ...operation('admin', 'server', 'Mends what can be mended without asking'),
  responses: answer(z.object({ files: z.number().int().describe('Whose rights were changed.') }), 'What was mended'),
})

/** The gateway's own health. */
export function doctorRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(diagnose, async (c) => c.json(await calls.diagnose(), 200))
  routes.openapi(checkDatabase, async (c) => {
    await calls.startDatabaseCheck(readActor(c))
    return c.json(await calls.diagnose(), 202)
  })
  routes.openapi(mend, async (c) => c.json({ files: await calls.mend(readActor(c)) }, 200))
  return routes
}
