import { Hono } from 'hono'
import { z } from 'zod'
import { type RejectionReason, rejectionReasons } from '../../../domain/rejection.js'
import { timeQuery } from '../../api/query.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { EmptyState } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { Select, TextField } from '../elements/field.js'
import { FilterForm } from '../elements/filters.js'
import { Pager } from '../elements/pager.js'
import { Time } from '../elements/time.js'
import { filledIn, readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'
import { aboveSystem, SystemTabs } from './system-tabs.js'

const pageSize = 50
const textMax = 160
const reasons = Object.keys(rejectionReasons) as [RejectionReason, ...RejectionReason[]]
const query = z.object({
  reason: filledIn(z.enum(reasons)),
  client: filledIn(z.string().max(64)),
  since: filledIn(timeQuery),
  cursor: filledIn(z.string().max(300)),
})
const reasonOptions = [{ value: '', label: 'any' }, ...reasons.map((value) => ({ value, label: wordsOf(value) }))]

export const rejectionPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/system/rejections', async (c) => {
    const { reason, client, since, cursor } = readPageQuery(c, query)
    const { items, next_cursor } = await calls.listRejections({ limit: pageSize, cursor, reason, client, since })
    const isFiltered = reason !== undefined || client !== undefined || since !== undefined
    const url = new URL(c.req.url)
    return render(
      c,
      { title: 'Rejected', section: 'system', above: aboveSystem },
      <>
        <SystemTabs current="rejections" />
        <p class="note">
          What was refused at the door, before anything of it was kept; those alike in an hour are one line.
        </p>
        <FilterForm action="/system/rejections" label="Refusals" isFiltered={isFiltered}>
          <Select name="reason" label="Why" value={reason} options={reasonOptions} />
          <TextField name="client" label="Client" value={client} placeholder="192.0.2.7" />
          <TextField
            name="since"
            label="Since"
            value={url.searchParams.get('since')}
            placeholder="2h, 7d, 2026-01-31"
          />
        </FilterForm>
        <div id="rejections" data-live={cursor ? undefined : 'rejections'}>
          {items.length === 0 ? (
            <EmptyState title={isFiltered ? 'No refusal is like that' : 'Nobody was refused'}>
              <p>
                {isFiltered ? (
                  <a href="/system/rejections">Show all</a>
                ) : (
                  'Who may send mails in stands under server.smtp of the config.'
                )}
              </p>
            </EmptyState>
          ) : (
            <DataTable
              caption="Refusals, newest first"
              columns={[
                { title: 'Last', look: 'narrow', cell: ({ last_at }) => <Time at={last_at} /> },
                { title: 'Times', look: 'number', cell: ({ count }) => count },
                { title: 'Client', cell: ({ client: address }) => <code>{cutText(address, textMax)}</code> },
                {
                  title: 'Why',
                  look: 'wide',
                  cell: ({ reason: why, code, message }) => (
                    <>
                      {code} {cutText(message, textMax)}
                      <p class="sub">{adviceFor(why)}</p>
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
          <Pager url={url} nextCursor={next_cursor} />
        </div>
      </>,
    )
  })
  return app
}

/** `too_many_mails` as people read it. */
function wordsOf(reason: string): string {
  return reason.replaceAll('_', ' ')
}

/** What to do about it; a row of another release may have a reason that this one does not know. */
function adviceFor(reason: string): string {
  return reasons.includes(reason as RejectionReason) ? rejectionReasons[reason as RejectionReason] : wordsOf(reason)
}
