import { createRoute, z } from '@hono/zod-openapi'
import { writeSeriesTable } from '../../engine/series-calls.js'
import { statSteps } from '../../store/stats-store.js'
import type { ApiParts } from '../api.js'
import { Series } from '../schema/series.js'
import { answer, binaryAnswer, createRoutes, operation } from './operation.js'
import { timeQuery } from './query.js'

const query = z.object({
  from: timeQuery.prefault('24h'),
  to: timeQuery.prefault('0s'),
  step: z.enum(['minute', 'hour', 'day']).default('hour').describe('Minutes are kept for two days, hours for ninety.'),
  by: z.enum(['channel', 'route']).optional().describe('A line each, instead of the whole gateway.'),
  name: z.string().max(200).optional().describe('With `by`: only this one.'),
})

const readSeries = createRoute({
  method: 'get',
  path: '/series',
  ...operation('viewer', 'stats', 'Counts over time, for plots', { request: { query } }),
  responses: answer(Series, 'The steps in which anything happened, in the order of time'),
})
const readTable = createRoute({
  method: 'get',
  path: '/series.csv',
  ...operation('viewer', 'stats', 'The same as a table', { request: { query } }),
  responses: binaryAnswer('text/csv', 'A line a step, with the names of the columns on top'),
})

export function seriesRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(readSeries, async (c) => {
    const { step, ...asked } = c.req.valid('query')
    return c.json({ ...(await calls.readSeries({ ...asked, stepMs: statSteps[step] })), step }, 200)
  })
  routes.openapi(readTable, async (c) => {
    const { step, ...asked } = c.req.valid('query')
    const table = writeSeriesTable(await calls.readSeries({ ...asked, stepMs: statSteps[step] }))
    return c.body(table, 200, { 'content-type': 'text/csv; charset=utf-8' })
  })
  return routes
}
