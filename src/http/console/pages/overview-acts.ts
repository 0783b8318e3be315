import { Hono } from 'hono'
import { z } from 'zod'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { done } from '../flash.js'
import { readForm } from '../read-form.js'
import type { MountPage } from './page.js'

const onChannel = z.object({ channel: z.string().min(1).max(200) })
const onNotification = z.object({ notification: z.string().min(1).max(64) })

/** What is done with one click from the overview. */
export const overviewActs: MountPage = ({ calls, reload }) => {
  const app = new Hono<ConsoleEnv>()
  app.post('/overview/retry', async (c) => {
    const actor = actAs(c, 'operator')
    const { channel } = await readForm(c, onChannel)
    const count = await calls.retryDeliveries({ status: 'dead', channel }, actor)
    return done(c, '/', `${count === 1 ? '1 dead letter' : `${count} dead letters`} on ${channel} will be sent again.`)
  })
  app.post('/overview/resume', async (c) => {
    const actor = actAs(c, 'operator')
    const { channel } = await readForm(c, onChannel)
    await calls.resumeChannel(channel, actor)
    return done(c, '/', `${channel} sends again.`)
  })
  app.post('/overview/acknowledge', async (c) => {
    const actor = actAs(c, 'operator')
    const { notification } = await readForm(c, onNotification)
    const answer = await calls.acknowledge({ notificationId: notification }, actor)
    const texts = {
      acknowledged: 'You acknowledged it: nobody is told again.',
      already: 'Somebody was quicker.',
      over: 'It is over already.',
    }
    return done(c, '/', texts[answer.outcome])
  })
  app.post('/overview/reload', async (c) => {
    const { routes } = await reload(actAs(c, 'admin'))
    return done(c, '/', `The config is in force, with ${routes} routes.`)
  })
  return app
}
