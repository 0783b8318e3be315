import { type Context, Hono } from 'hono'
import type { Child } from 'hono/jsx'
import { ApiError } from '../../../domain/errors.js'
import { completeTrace } from '../../../domain/trace.js'
import { formatSize } from '../../../domain/units.js'
import type { MailContent } from '../../../engine/mail-content.js'
import type { DeliveryDetail, MailDetail } from '../../../store/store.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { ActionButton, ButtonLink } from '../elements/action-button.js'
import { AttemptList } from '../elements/attempt-list.js'
import { StatusBadge } from '../elements/badge.js'
import { EmptyState, Facts } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { Tabs } from '../elements/tabs.js'
import { Time } from '../elements/time.js'
import { TraceView } from '../elements/trace-view.js'
import { done } from '../flash.js'
import type { RenderPage } from '../render-page.js'
import type { MountPage } from './page.js'

/** Of a mail with thousands of deliveries the page shows these in full; the deliveries page lists all. */
const deliveriesMax = 100

export const mailPages: MountPage = (parts, render) => {
  const { calls } = parts
  const app = new Hono<ConsoleEnv>()
  const show = showMail(parts, render)

  app.get('/mails/:id', (c) => show(c, 'why', (mail) => whyView(calls, mail)))
  app.get('/mails/:id/deliveries', (c) => show(c, 'deliveries', (mail) => deliveriesView(calls, mail)))
  app.get('/mails/:id/html', (c) => show(c, 'html', (mail, content) => htmlView(mail, content)))
  app.get('/mails/:id/text', (c) => show(c, 'text', (_, content) => textView(content)))
  app.get('/mails/:id/headers', (c) => show(c, 'headers', (mail, content) => headersView(mail, content)))
  app.get('/mails/:id/attachments', (c) => show(c, 'attachments', (mail, content) => attachmentsView(mail, content)))
  app.post('/mails/:id/replay', async (c) => {
    const id = c.req.param('id')
    const count = await calls.replayMails([id], actAs(c, 'operator'))
    if (count === 0) throw new ApiError(404, 'not_found', `there is no mail ${id}`)
    return done(c, `/mails/${id}`, 'The mail is being routed again with the config in force.')
  })
  return app
}

type Calls = ConsoleParts['calls']
type View = (mail: MailDetail, content: MailContent) => Promise<Child> | Child

function showMail({ calls }: ConsoleParts, render: RenderPage) {
  return async (c: Context<ConsoleEnv>, tab: string, view: View): Promise<Response> => {
    const id = c.req.param('id') ?? ''
    const mail = await calls.readMail(id)
    if (!mail) throw new ApiError(404, 'not_found', `There is no mail ${id}.`, 'Retention may have deleted it.')
    const content = await calls.readMailContent(id)
    const frame = {
      title: mail.subject || '(no subject)',
      section: 'mails' as const,
      above: [{ label: 'Mails', href: '/mails' }],
      actions: <MailActions c={c} mail={mail} />,
    }
    return render(
      c,
      frame,
      <>
        <MailFacts mail={mail} />
        <Tabs label="Views of this mail" current={tab} tabs={listTabs(mail, content)} />
        {await view(mail, content)}
      </>,
    )
  }
}

function MailActions({ c, mail }: { c: Context<ConsoleEnv>; mail: MailDetail }) {
  return (
    <>
      <ButtonLink href={`/api/v1/mails/${mail.id}/raw`} icon="download">
        Download
      </ButtonLink>
      <ActionButton
        c={c}
        action={`/mails/${mail.id}/replay`}
        label="Replay"
        icon="replay"
        needs="operator"
        look="primary"
        confirm="Route this mail again with the config in force? What it makes goes out once more."
      />
    </>
  )
}

function MailFacts({ mail }: { mail: MailDetail }) {
  const { envelope } = mail
  const client = `${envelope.client}${envelope.user ? ` as ${envelope.user}` : ''}${envelope.tls ? ', TLS' : ''}`
  return (
    <Facts
      facts={[
        ['State', <StatusBadge status={mail.status} />],
        ['Why', mail.reason],
        ['From', mail.from || envelope.from],
        ['To (envelope)', envelope.to.slice(0, 20).join(', ')],
        ['Received', <Time at={mail.received_at} />],
        ['Client', client],
        ['Size', formatSize(mail.size_bytes)],
        ['Next try', mail.due_at ? <Time at={mail.due_at} /> : null],
        ['Malformed', mail.malformed],
        ['Id', <code>{mail.id}</code>],
      ]}
    />
  )
}

function listTabs({ id, delivery_list: deliveries }: MailDetail, content: MailContent) {
  return [
    { id: 'why', label: 'Why', href: `/mails/${id}` },
    { id: 'deliveries', label: 'Deliveries', href: `/mails/${id}/deliveries`, count: deliveries.length },
    { id: 'html', label: 'HTML', href: `/mails/${id}/html` },
    { id: 'text', label: 'Text', href: `/mails/${id}/text` },
    { id: 'headers', label: 'Headers', href: `/mails/${id}/headers` },
    { id: 'attachments', label: 'Attachments', href: `/mails/${id}/attachments`, count: content.attachments.length },
  ]
}

async function readDeliveries(calls: Calls, mail: MailDetail): Promise<DeliveryDetail[]> {
  const chosen = mail.delivery_list.filter(({ generation }) => generation === mail.generation).slice(0, deliveriesMax)
  const read = await Promise.all(chosen.map(({ id }) => calls.readDelivery(id)))
  return read.filter((delivery) => delivery !== null)
}

async function whyView(calls: Calls, mail: MailDetail): Promise<Child> {
  const trace = mail.traces.at(-1)
  if (!trace) {
    return (
      <EmptyState title="The mail has not been routed yet">
        <p>It is stored, so it cannot be lost; the pipeline takes it as soon as it can.</p>
      </EmptyState>
    )
  }
  return <TraceView trace={completeTrace(trace)} deliveries={await readDeliveries(calls, mail)} />
}

async function deliveriesView(calls: Calls, mail: MailDetail): Promise<Child> {
  const deliveries = await readDeliveries(calls, mail)
  if (deliveries.length === 0) {
    return (
      <EmptyState title="Nothing of this mail was sent to anybody">
        <p>
          The view <a href={`/mails/${mail.id}`}>Why</a> says what became of it.
        </p>
      </EmptyState>
    )
  }
  return (
    <DataTable
      caption="Deliveries of this mail"
      rows={deliveries}
      columns={[
        { title: 'State', look: 'narrow', cell: ({ status }) => <StatusBadge status={status} /> },
        { title: 'Channel', cell: ({ id, channel }) => <a href={`/deliveries/${id}`}>{channel}</a> },
        { title: 'Recipient', cell: ({ recipient, address }) => recipient ?? address ?? 'the channel itself' },
        { title: 'Route', cell: ({ route }) => route },
        { title: 'Attempts', look: 'wide', cell: (delivery) => <AttemptList delivery={delivery} /> },
      ]}
    />
  )
}

function htmlView(mail: MailDetail, { html }: MailContent): Child {
  if (html === null) return <EmptyState title="This mail has no HTML part" />
  return (
    <iframe
      class="mail-frame"
      sandbox=""
      src={`/mails/${mail.id}/body.html`}
      title="The mail's HTML, which can load nothing"
    />
  )
}

function textView({ text, text_source: source }: MailContent): Child {
  if (text === '') return <EmptyState title="This mail has no text" />
  return (
    <>
      {source === 'html' ? <p class="note">Made from the HTML part: this is what conditions on the body see.</p> : null}
      <pre class="mail-text">{text}</pre>
    </>
  )
}

function headersView(mail: MailDetail, { headers }: MailContent): Child {
  const lines = Object.entries(headers).flatMap(([name, values]) => values.map((value) => ({ name, value })))
  return (
    <>
      <DataTable
        caption="Headers"
        rows={lines}
        columns={[
          { title: 'Name', look: 'narrow', cell: ({ name }) => <code>{name}</code> },
          { title: 'Value', look: 'wide', cell: ({ value }) => <code>{value}</code> },
        ]}
      />
      <p>
        <a href={`/api/v1/mails/${mail.id}/raw`}>The whole mail as it came in</a> ({formatSize(mail.size_bytes)})
      </p>
    </>
  )
}

function attachmentsView(mail: MailDetail, { attachments }: MailContent): Child {
  if (attachments.length === 0) return <EmptyState title="This mail has no attachments" />
  return (
    <DataTable
      caption="Attachments"
      rows={attachments.map((attachment, index) => ({ ...attachment, index }))}
      columns={[
        {
          title: 'Name',
          look: 'wide',
          cell: ({ filename, index }) => (
            <a href={`/mails/${mail.id}/attachments/${index}`}>{filename || 'without a name'}</a>
          ),
        },
        { title: 'Type', cell: ({ content_type: type }) => <code>{type}</code> },
        { title: 'Size', look: 'number', cell: ({ size_bytes: size }) => formatSize(size) },
      ]}
    />
  )
}
