import { Hono } from 'hono'
import { z } from 'zod'
import type { ConsoleEnv } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { EmptyState } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { Pager } from '../elements/pager.js'
import { Time } from '../elements/time.js'
import { readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'
import { aboveSystem, SystemTabs } from './system-tabs.js'

const pageSize = 50
const textMax = 160
const query = z.object({ cursor: z.string().max(300).optional() })

/** What to do about what was refused most often. */
const advice: Record<string, string> = {
  not_allowed: 'Allow its network (server.smtp.allow), or give it a name and a password (server.smtp.users).',
  unknown_recipient: 'Accept the recipient (server.smtp.recipients), or correct the address at the sender.',
  too_large: 'Raise server.smtp.max_size, or have it send less.',
}

export const rejectionPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/system/rejections', async (c) => {
    const { cursor } = readPageQuery(c, query)
    const { items, next_cursor } = await calls.listRejections({ limit: pageSize, cursor })
    return render(
      c,
      { title: 'Rejected', section: 'system', above: aboveSystem },
      <>
        <SystemTabs current="rejections" />
        <p class="note">
          What was refused at the door, before anything of it was kept; those alike in an hour are one line.
        </p>
        <div id="rejections" data-live={cursor ? undefined : 'rejections'}>
          {items.length === 0 ? (
            <EmptyState title="Nobody was refused">
              <p>Who may send mails in stands under server.smtp of the config.</p>
            </EmptyState>
          ) : (
            <DataTable
              caption="Refusals, newest first"
              columns={[
                { title: 'Last', look: 'narrow', cell: ({ last_at }) => <Time at={last_at} /> },
                { title: 'Times', look: 'number', cell: ({ count }) => count },
                { title: 'Client', cell: ({ client }) => <code>{cutText(client, textMax)}</code> },
                {
                  title: 'Why',
                  look: 'wide',
                  cell: ({ reason, code, message }) => (
                    <>
                      {code} {cutText(message, textMax)}
                      <p class="sub">{advice[reason] ?? reason}</p>
                    </>
                  ),
                },
                {
                  title: 'Mail',
                  cell: ({ from, rcpt }) => (
                    <span class="dim">
                      {cutText(from || 'nobody', textMax)}
                      {rcpt ? ` → ${cutText(rcpt, textMax)}` : null}
                    </span>
                  ),
                },
              ]}
              rows={items}
            />
          )}
          <Pager url={new URL(c.req.url)} nextCursor={next_cursor} />
        </div>
      </>,
    )
  })
  return app
}
