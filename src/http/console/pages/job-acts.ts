import { Hono } from 'hono'
import { z } from 'zod'
import { ApiError } from '../../../domain/errors.js'
import { startRun } from '../../start-run.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { done } from '../flash.js'
import { hrefOfJob } from '../job-links.js'
import { readForm } from '../read-form.js'
import { readUpload, takeFile } from '../read-upload.js'
import type { MountPage } from './page.js'

/** Most runs are over by then, and their page has everything at once. */
const waitMs = 700

export const jobEvents = ['on_failure', 'on_success', 'on_completion'] as const
const ruleForm = z.object({ event: z.enum(jobEvents), channel: z.string().min(1).max(200) })
const removeForm = z.object({ id: z.string().min(1).max(64) })

/** What the buttons of a job do. */
export const jobActs: MountPage = ({ calls }) => {
  const app = new Hono<ConsoleEnv>()
  app.post('/jobs/:name/run', async (c) => {
    const actor = actAs(c, 'operator')
    const name = c.req.param('name')
    const { id, outcome } = await startRun(calls, { name, actor }, waitMs)
    return done(
      c,
      `/runs/${id}`,
      outcome === 'running' ? `“${name}” runs now.` : `“${name}” ran; the outcome is below.`,
    )
  })
  app.post('/jobs/:name/enable', async (c) => {
    const actor = actAs(c, 'operator')
    const name = c.req.param('name')
    await calls.setJobEnabled(name, true, actor)
    return done(c, hrefOfJob(name), `The schedule of “${name}” goes on.`)
  })
  app.post('/jobs/:name/disable', async (c) => {
    const actor = actAs(c, 'operator')
    const name = c.req.param('name')
    await calls.setJobEnabled(name, false, actor)
    const hint = 'Nobody hears of what it would have found until it is enabled again.'
    return done(c, hrefOfJob(name), `The schedule of “${name}” rests.`, hint)
  })
  app.post('/jobs/:name/delete', async (c) => {
    const actor = actAs(c, 'admin')
    const name = c.req.param('name')
    await calls.deleteJob(name, actor)
    return done(c, '/jobs', `The job “${name}” is deleted, with its runs and its database.`)
  })
  app.post('/jobs/:name/database', async (c) => {
    const actor = actAs(c, 'admin')
    const name = c.req.param('name')
    const file = await takeFile(await readUpload(c), 'database')
    if (!file || file.bytes.byteLength === 0) {
      throw new ApiError(400, 'bad_request', 'No database was chosen, or it is empty.', 'Choose a SQLite file.')
    }
    await calls.replaceDatabase(name, file.bytes, actor)
    return done(
      c,
      `${hrefOfJob(name)}/database`,
      'The database is replaced.',
      'What it was before is kept as a backup.',
    )
  })
  app.post('/jobs/:name/rules', async (c) => {
    const actor = actAs(c, 'admin')
    const name = c.req.param('name')
    const { event, channel } = await readForm(c, ruleForm)
    await calls.addRule({ subject: 'job', name, event, channels: [channel] }, actor)
    return done(c, `${hrefOfJob(name)}/settings`, `“${channel}” hears of it from the next run on.`)
  })
  app.post('/jobs/:name/rules/remove', async (c) => {
    const actor = actAs(c, 'admin')
    const { id } = await readForm(c, removeForm)
    await calls.removeRule(id, actor)
    return done(c, `${hrefOfJob(c.req.param('name'))}/settings`, 'The rule is removed.')
  })
  return app
}
