import { Hono } from 'hono'
import { z } from 'zod'
import { ApiError } from '../../../domain/errors.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { done } from '../flash.js'
import { filledIn, readForm } from '../read-form.js'
import type { MountPage } from './page.js'

const noteForm = z.object({ note: filledIn(z.string().max(1_000)) })

/** What the forms on a mail's page do: about its deliveries and notifications, and routing it again. */
export const mailActs: MountPage = ({ calls }) => {
  const app = new Hono<ConsoleEnv>()
  app.post('/mails/:id/replay', async (c) => {
    const id = c.req.param('id')
    const count = await calls.replayMails([id], actAs(c, 'operator'))
    if (count === 0) throw new ApiError(404, 'not_found', `There is no mail ${id}.`, 'Retention may have deleted it.')
    return done(c, `/mails/${id}`, 'The mail is being routed again with the config in force.')
  })
  app.post('/mails/:id/deliveries/:delivery/retry', async (c) => {
    const actor = actAs(c, 'operator')
    const { id: mailId, delivery } = c.req.param()
    const count = await calls.retryDeliveries({ ids: [delivery], mailId }, actor)
    if (count === 0) throw new ApiError(409, 'not_open', 'There is nothing to retry.', 'It has been sent meanwhile.')
    return done(c, `/mails/${mailId}`, 'It is being sent again, with all attempts before it.')
  })
  app.post('/mails/:id/deliveries/:delivery/cancel', async (c) => {
    const actor = actAs(c, 'operator')
    const { id: mailId, delivery } = c.req.param()
    const count = await calls.cancelDeliveries({ ids: [delivery], mailId }, null, actor)
    if (count === 0) throw new ApiError(409, 'not_open', 'There is nothing to cancel.', 'It has been sent meanwhile.')
    return done(c, `/mails/${mailId}`, 'It will not be sent. Retry takes that back.')
  })
  app.post('/mails/:id/notifications/:notification/acknowledge', async (c) => {
    const actor = actAs(c, 'operator')
    const { id: mailId, notification: notificationId } = c.req.param()
    const { note = null } = await readForm(c, noteForm)
    const { words } = await calls.acknowledge({ notificationId, note }, actor)
    return done(c, `/mails/${mailId}`, `${words.charAt(0).toUpperCase()}${words.slice(1)}.`)
  })
  return app
}
