import { Hono } from 'hono'
import { z } from 'zod'
import type { AuditLine } from '../../../store/watch-store.js'
import { timeQuery } from '../../api/query.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { EmptyState } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { TextField } from '../elements/field.js'
import { FilterForm } from '../elements/filters.js'
import { Pager } from '../elements/pager.js'
import { Time } from '../elements/time.js'
import { fitPage } from '../fit-page.js'
import { filledIn, readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'
import { aboveSystem, SystemTabs } from './system-tabs.js'

const pageSize = 50
const detailMax = 300
const subjectsShown = 5
const subjectMax = 80
const actorMax = 40
const query = z.object({
  subject: filledIn(z.string().max(200)),
  action: filledIn(z.string().max(100)),
  since: filledIn(timeQuery),
  cursor: filledIn(z.string().max(64)),
})

export const auditPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/system/audit', async (c) => {
    const { subject, action, since, cursor } = readPageQuery(c, query)
    const page = await calls.listAudit({
      limit: pageSize,
      ...(subject ? { subject } : {}),
      ...(action ? { action } : {}),
      ...(since === undefined ? {} : { since }),
      ...(cursor ? { cursor } : {}),
    })
    const url = new URL(c.req.url)
    const isFiltered = subject !== undefined || action !== undefined || since !== undefined
    const { items, next_cursor } = fitPage(page, textsOf)
    return render(
      c,
      { title: 'Changes', section: 'system', above: aboveSystem, styles: ['alerts.css'] },
      <>
        <SystemTabs current="audit" />
        <FilterForm action="/system/audit" label="Changes" isFiltered={isFiltered}>
          <TextField name="subject" label="Of what" value={subject} placeholder="an id or a name" />
          <TextField name="action" label="What" value={action} placeholder="delivery.retry, token.create …" />
          <TextField
            name="since"
            label="Since"
            value={url.searchParams.get('since')}
            placeholder="2h, 7d, 2026-01-31"
          />
        </FilterForm>
        {items.length === 0 ? (
          <EmptyState title={isFiltered ? 'No change is like that' : 'Nobody has changed anything yet'}>
            <p>
              {isFiltered ? (
                <a href="/system/audit">Show all</a>
              ) : (
                'What people do by hand is recorded here: who retried, paused, acknowledged, signed in, and when.'
              )}
            </p>
          </EmptyState>
        ) : (
          <AuditTable lines={items} />
        )}
        <Pager url={url} nextCursor={next_cursor} />
      </>,
    )
  })
  return app
}

function AuditTable({ lines }: { lines: AuditLine[] }) {
  return (
    <DataTable
      caption="Changes, newest first"
      columns={[
        { title: 'When', look: 'narrow', cell: ({ at }) => <Time at={at} /> },
        { title: 'Who', look: 'narrow', cell: ({ actor }) => cutText(actor, actorMax) },
        {
          title: 'What',
          look: 'narrow',
          cell: ({ action }) => <a href={`/system/audit?action=${encodeURIComponent(action)}`}>{action}</a>,
        },
        { title: 'Of', cell: ({ subjects }) => <Subjects subjects={subjects} /> },
        { title: 'Detail', look: 'wide', cell: ({ detail }) => <span class="dim">{describeDetail(detail)}</span> },
      ]}
      rows={lines}
    />
  )
}

function Subjects({ subjects }: { subjects: string[] }) {
  return (
    <>
      {subjects.slice(0, subjectsShown).map((subject) => (
        <div>
          <a href={`/system/audit?subject=${encodeURIComponent(subject)}`}>{cutText(subject, subjectMax)}</a>
        </div>
      ))}
      {subjects.length > subjectsShown ? <span class="dim">and {subjects.length - subjectsShown} more</span> : null}
    </>
  )
}

function textsOf({ actor, subjects, detail }: AuditLine): (string | null)[] {
  // A subject stands in its link as well, there with up to three bytes a byte.
  return [actor, describeDetail(detail), ...subjects.slice(0, subjectsShown).map((subject) => subject.repeat(4))]
}

function describeDetail(detail: Record<string, unknown>): string {
  const said = Object.entries(detail).filter(([, value]) => value !== null && value !== '')
  const words = said.map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return cutText(words.join(', '), detailMax)
}
