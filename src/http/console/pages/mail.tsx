import { type Context, Hono } from 'hono'
import type { Child } from 'hono/jsx'
import { z } from 'zod'
import { ApiError } from '../../../domain/errors.js'
import { mayActAs } from '../../../domain/identity.js'
import { formatSize } from '../../../domain/units.js'
import type { MailContent } from '../../../engine/mail-content.js'
import type { MailDetail } from '../../../store/store.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { ButtonLink } from '../elements/action-button.js'
import { StatusBadge } from '../elements/badge.js'
import { Facts } from '../elements/card.js'
import { Tabs } from '../elements/tabs.js'
import { Time } from '../elements/time.js'
import { readPageQuery } from '../read-form.js'
import type { RenderPage } from '../render-page.js'
import { deliveriesView } from './mail-deliveries.js'
import { rawView, recipientsView, routeTestView } from './mail-raw.js'
import { timelineView } from './mail-timeline.js'
import { attachmentsView, headersView, htmlView, textView } from './mail-views.js'
import { whyView } from './mail-why.js'
import type { MountPage } from './page.js'

const recipientsMax = 5
const titleLengthMax = 300
const query = z.object({
  from: z.coerce.number().int().min(0).max(100_000_000).default(0).catch(0),
  cursor: z.string().max(64).optional(),
  generation: z.coerce.number().int().min(0).optional(),
  pictures: z.enum(['remote']).optional(),
})

/** What a view of a mail is asked for: the part of something long, an earlier routing. */
export type ViewQuery = z.infer<typeof query>

export interface ViewParts {
  c: Context<ConsoleEnv>
  calls: ConsoleParts['calls']
  mail: MailDetail
  query: ViewQuery
}

type View = (parts: ViewParts, content: MailContent) => Promise<Child> | Child

/** One mail: why it came out as it did, what became of it, and what is in it. */
export const mailPages: MountPage = (parts, render) => {
  const app = new Hono<ConsoleEnv>()
  const show = showMail(parts, render)
  app.get('/mails/:id', (c) => show(c, 'why', whyView))
  app.get('/mails/:id/deliveries', (c) => show(c, 'deliveries', deliveriesView))
  app.get('/mails/:id/html', (c) => show(c, 'html', htmlView))
  app.get('/mails/:id/text', (c) => show(c, 'text', textView))
  app.get('/mails/:id/headers', (c) => show(c, 'headers', headersView))
  app.get('/mails/:id/attachments', (c) => show(c, 'attachments', attachmentsView))
  app.get('/mails/:id/raw', (c) => show(c, 'raw', rawView))
  app.get('/mails/:id/timeline', (c) => show(c, 'timeline', timelineView))
  app.get('/mails/:id/recipients', (c) => show(c, 'recipients', recipientsView))
  app.get('/mails/:id/route-test', (c) => show(c, 'route-test', routeTestView))
  return app
}

function showMail({ calls, now }: ConsoleParts, render: RenderPage) {
  return async (c: Context<ConsoleEnv>, tab: string, view: View): Promise<Response> => {
    const id = c.req.param('id') ?? ''
    const mail = await calls.readMail(id)
    if (!mail) throw new ApiError(404, 'not_found', `There is no mail ${id}.`, 'Retention may have deleted it.')
    const content = await calls.readMailContent(id)
    const frame = {
      title: cutText(mail.subject || content.subject, titleLengthMax) || '(no subject)',
      section: 'mails' as const,
      above: [{ label: 'Mails', href: '/mails' }],
      actions: <MailActions c={c} mail={mail} />,
    }
    return render(
      c,
      frame,
      <div id="mail" data-live={changing.has(tab) && isOnItsWay(mail, now()) ? 'mail' : undefined}>
        <MailFacts mail={mail} />
        <Tabs label="Views of this mail" current={tab} tabs={listTabs(mail, content)} />
        {await view({ c, calls, mail, query: readPageQuery(c, query) }, content)}
      </div>,
    )
  }
}

/** Views that follow what happens. Once nothing is about to, they stand still: nobody is disturbed in reading. */
const changing = new Set(['why', 'deliveries', 'timeline'])
const soonMs = 30_000

function isOnItsWay({ due_at: dueAt, delivery_list: deliveries }: MailDetail, now: number): boolean {
  const isSoon = (at: string | null): boolean => at !== null && Date.parse(at) - now < soonMs
  return isSoon(dueAt) || deliveries.some(({ status, next_attempt_at: at }) => status === 'processing' || isSoon(at))
}

function MailActions({ c, mail }: { c: Context<ConsoleEnv>; mail: MailDetail }) {
  const mayDo = (role: 'operator' | 'admin') => mayActAs(c.get('identity'), role)
  return (
    <>
      <ButtonLink href={`/api/v1/mails/${mail.id}/raw`} icon="download">
        Download
      </ButtonLink>
      <ButtonLink href={`/mails/${mail.id}/route-test`} icon="flask">
        Make a route test of this
      </ButtonLink>
      {mayDo('admin') ? (
        <a href={`/mails/delete?ids=${mail.id}`} class="button danger">
          Delete
        </a>
      ) : null}
      {mayDo('operator') ? (
        <ButtonLink href={`/mails/replay?ids=${mail.id}`} icon="replay" look="primary">
          {isWaitingForPerson(mail) ? 'Let it in' : 'Replay'}
        </ButtonLink>
      ) : null}
    </>
  )
}

/** Held with nothing to wait for: a replay is what routes it. */
function isWaitingForPerson({ status, due_at: dueAt }: MailDetail): boolean {
  return status === 'held' && dueAt === null
}

function MailFacts({ mail }: { mail: MailDetail }) {
  const { envelope } = mail
  const client = `${envelope.client}${envelope.user ? ` as ${envelope.user}` : ''}${envelope.tls ? ', TLS' : ''}`
  const others = envelope.to.length - recipientsMax
  const recipients = (
    <>
      {cutText(envelope.to.slice(0, recipientsMax).join(', '), titleLengthMax)}
      {others > 0 ? (
        <>
          {' '}
          <a href={`/mails/${mail.id}/recipients`}>and {others} more</a>
        </>
      ) : null}
    </>
  )
  return (
    <Facts
      facts={[
        ['State', <StatusBadge status={mail.status} />],
        ['Why', mail.reason ? cutText(mail.reason, 600) : null],
        ['From', cutText(mail.from || envelope.from || 'nobody (a bounce)', titleLengthMax)],
        ['To (envelope)', recipients],
        ['Received', <Time at={mail.received_at} />],
        ['Client', cutText(client, titleLengthMax)],
        ['Size', formatSize(mail.size_bytes)],
        ['Next try', mail.due_at ? <Time at={mail.due_at} /> : null],
        ['Malformed', mail.malformed ? cutText(mail.malformed, titleLengthMax) : null],
        ['Id', <code>{mail.id}</code>],
      ]}
    />
  )
}

function listTabs({ id, deliveries }: MailDetail, content: MailContent) {
  const count = Object.values(deliveries).reduce((sum, some) => sum + some, 0)
  return [
    { id: 'why', label: 'Why', href: `/mails/${id}` },
    { id: 'deliveries', label: 'Deliveries', href: `/mails/${id}/deliveries`, count },
    { id: 'html', label: 'HTML', href: `/mails/${id}/html` },
    { id: 'text', label: 'Text', href: `/mails/${id}/text` },
    { id: 'headers', label: 'Headers', href: `/mails/${id}/headers` },
    { id: 'attachments', label: 'Attachments', href: `/mails/${id}/attachments`, count: content.attachments.length },
    { id: 'raw', label: 'Raw', href: `/mails/${id}/raw` },
    { id: 'timeline', label: 'Timeline', href: `/mails/${id}/timeline` },
  ]
}
