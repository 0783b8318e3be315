import { Hono } from 'hono'
import { z } from 'zod'
import { mailStatuses } from '../../../domain/delivery.js'
import type { MailSummary, Page } from '../../../store/store.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { StatusBadge } from '../elements/badge.js'
import { EmptyState } from '../elements/card.js'
import { Icon } from '../elements/icon.js'
import { Pager } from '../elements/pager.js'
import { Time } from '../elements/time.js'
import { done } from '../flash.js'
import { readForm, readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

const pageSize = 50
const query = z.object({ search: z.string().max(500).default(''), cursor: z.string().max(64).optional() })
const ids = z
  .union([z.string().max(64), z.array(z.string().max(64)).max(pageSize)])
  .transform((given) => [given].flat())
const bulkForm = z.object({
  ids,
  back: z
    .string()
    .max(2_000)
    .regex(/^\/mails/),
})

export const mailsPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/mails', async (c) => {
    const { search, cursor } = readPageQuery(c, query)
    const page = await calls.listMails({
      limit: pageSize,
      ...(cursor ? { cursor } : {}),
      ...(search ? { text: search } : {}),
    })
    const url = new URL(c.req.url)
    return render(
      c,
      { title: 'Mails', section: 'mails' },
      <>
        <SearchForm search={search} />
        <MailList page={page} url={url} search={search} />
      </>,
    )
  })
  app.post('/mails/replay', async (c) => {
    const actor = actAs(c, 'operator')
    const form = await readForm(c, bulkForm)
    const count = await calls.replayMails(form.ids, actor)
    return done(c, form.back, `${count} mails are being routed again with the config in force.`)
  })
  return app
}

function SearchForm({ search }: { search: string }) {
  return (
    <search>
      <form class="search" method="get" action="/mails">
        <label for="search" class="hidden">
          Search mails
        </label>
        <Icon name="search" />
        <input
          type="search"
          id="search"
          name="search"
          value={search}
          placeholder="words, or from: to: subject: body: route: channel: state: before: !x"
          autocomplete="off"
          hx-get="/mails"
          hx-trigger="input changed delay:300ms"
          hx-target="#mail-list"
          hx-select="#mail-list"
          hx-swap="outerHTML"
          hx-replace-url="true"
        />
        <button type="submit" class="button">
          Search
        </button>
        <p class="chips">
          {mailStatuses.map((status) => {
            const term = `state:${status}`
            return (
              <a href={`/mails?search=${encodeURIComponent(term)}`} aria-current={search === term ? 'true' : undefined}>
                {status}
              </a>
            )
          })}
          {search ? <a href="/mails">all</a> : null}
        </p>
      </form>
    </search>
  )
}

function MailList({ page, url, search }: { page: Page<MailSummary>; url: URL; search: string }) {
  const isFirst = !url.searchParams.has('cursor')
  return (
    <div id="mail-list" data-live={isFirst ? 'mails' : undefined}>
      {page.items.length === 0 ? (
        <NoMails search={search} />
      ) : (
        <MailTable mails={page.items} back={`${url.pathname}${url.search}`} />
      )}
      <Pager url={url} nextCursor={page.next_cursor} />
    </div>
  )
}

function NoMails({ search }: { search: string }) {
  if (search) {
    return (
      <EmptyState title="No mail is like that">
        <p>
          Words are looked for in subject, sender, recipients and text. <a href="/mails">Show all mails</a>
        </p>
      </EmptyState>
    )
  }
  return (
    <EmptyState title="No mail came in yet">
      <p>Point a service at the SMTP port, or send one by hand:</p>
      <pre>mailtrigger send --to devops@example.com --subject "Hello"</pre>
      <p>
        The address of the SMTP port stands under <a href="/system">System</a>.
      </p>
    </EmptyState>
  )
}

function MailTable({ mails, back }: { mails: MailSummary[]; back: string }) {
  return (
    <form method="post" action="/mails/replay">
      <input type="hidden" name="back" value={back} />
      <section class="table-scroll" aria-label="Mails" tabindex={0}>
        <table class="rows">
          <caption class="hidden">Mails, newest first</caption>
          <thead>
            <tr>
              <th scope="col">
                <span class="hidden">Choose</span>
              </th>
              <th scope="col">State</th>
              <th scope="col" class="wide">
                Subject
              </th>
              <th scope="col">Routes</th>
              <th scope="col">Received</th>
            </tr>
          </thead>
          <tbody>
            {mails.map((mail) => (
              <MailRow mail={mail} />
            ))}
          </tbody>
        </table>
      </section>
      <p class="bulk">
        <button type="submit" class="button">
          <Icon name="replay" /> Route the chosen again
        </button>
      </p>
    </form>
  )
}

function MailRow({ mail }: { mail: MailSummary }) {
  const subject = mail.subject || '(no subject)'
  const dead = mail.deliveries.dead ?? 0
  return (
    <tr>
      <td>
        <input type="checkbox" name="ids" value={mail.id} aria-label={`Choose ${subject}`} />
      </td>
      <td class="narrow">
        <StatusBadge status={mail.status} /> {dead > 0 ? <StatusBadge status="dead" /> : null}
      </td>
      <td class="wide">
        <a href={`/mails/${mail.id}`} class="row-link">
          {subject}
        </a>
        <p class="sub">
          {mail.from || mail.envelope.from || 'nobody'} → {describeRecipients(mail.envelope.to)}
        </p>
        {mail.reason ? <p class="sub">{mail.reason}</p> : null}
      </td>
      <td>{mail.routes.join(', ')}</td>
      <td class="narrow">
        <Time at={mail.received_at} />
      </td>
    </tr>
  )
}

function describeRecipients(to: string[]): string {
  const [first = '', ...others] = to
  return others.length === 0 ? first : `${first} and ${others.length} more`
}
