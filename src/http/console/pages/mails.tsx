import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { mayActAs, type Role } from '../../../domain/identity.js'
import type { MailSummary, Page } from '../../../store/store.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { StatusBadge } from '../elements/badge.js'
import { EmptyState } from '../elements/card.js'
import { Icon } from '../elements/icon.js'
import { Pager } from '../elements/pager.js'
import { Time } from '../elements/time.js'
import { readPageQuery } from '../read-form.js'
import { readSearch, type Searched } from '../read-search.js'
import { MailSearch, StateChips } from './mails-search.js'
import { MailTools } from './mails-tools.js'
import type { MountPage } from './page.js'

const pageSize = 30
const subjectLengthMax = 120
const namesLengthMax = 80
const query = z.object({
  search: z.string().max(500).default(''),
  cursor: z.string().max(64).optional(),
  live: z.enum(['on', 'off']).default('on').catch('on'),
})

/** All mails, newest first, and what a search finds of them. */
export const mailsPages: MountPage = ({ calls, now }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/mails', async (c) => {
    const { search, cursor, live } = readPageQuery(c, query)
    const searched = readSearch(search, now())
    const found = searched.problem
      ? { items: [], next_cursor: null }
      : await calls.listMails({ limit: pageSize, query: searched.query, ...(cursor ? { cursor } : {}) })
    const saved = await calls.listSavedSearches(actAs(c, 'viewer'))
    const url = new URL(c.req.url)
    return render(
      c,
      { title: 'Mails', section: 'mails' },
      <>
        <MailSearch search={search} problem={searched.problem} />
        <div id="mails-found">
          <SearchProblem searched={searched} />
          <StateChips search={search} />
          <MailTools search={search} saved={saved} isLive={live === 'on'} isWrong={searched.problem !== null} />
          <MailList c={c} page={found} url={url} searched={searched} isLive={live === 'on'} />
        </div>
      </>,
    )
  })
  return app
}

function SearchProblem({ searched: { problem } }: { searched: Searched }) {
  if (problem === null) return null
  return (
    <p class="search-error" id="search-error" role="alert">
      <Icon name="warning" /> {problem.message}
      {problem.hint ? `: ${problem.hint}` : ''}
    </p>
  )
}

function MailList({
  c,
  page,
  url,
  searched,
  isLive,
}: {
  c: Context<ConsoleEnv>
  page: Page<MailSummary>
  url: URL
  searched: Searched
  isLive: boolean
}) {
  const isFollowed = isLive && !url.searchParams.has('cursor') && searched.problem === null
  return (
    <div id="mail-list" data-live={isFollowed ? 'mails' : undefined}>
      {page.items.length === 0 ? (
        <NoMails searched={searched} />
      ) : (
        <MailTable c={c} mails={page.items} back={`${url.pathname}${url.search}`} search={searched.text} />
      )}
      <Pager url={url} nextCursor={page.next_cursor} />
    </div>
  )
}

function NoMails({ searched }: { searched: Searched }) {
  if (searched.problem) {
    return (
      <EmptyState title="The search is not understood">
        <p>
          “How to search” above lists the words there are. <a href="/mails">Show all mails</a>
        </p>
      </EmptyState>
    )
  }
  if (searched.text) {
    return (
      <EmptyState title="No mail is like that">
        <p>
          Words are looked for in subject, sender, recipients and text, as whole words: <code>back*</code> finds backup.{' '}
          <a href="/mails">Show all mails</a>
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

interface TableProps {
  c: Context<ConsoleEnv>
  mails: MailSummary[]
  back: string
  search: string
}

/** The chosen go to a page that says what would happen, and asks. */
function MailTable({ c, mails, back, search }: TableProps) {
  const forRole = (role: Role) =>
    mayActAs(c.get('identity'), role) ? {} : { disabled: true, title: `takes the role ${role}` }
  return (
    <form method="get" action="/mails/replay">
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
        <button type="submit" class="button" {...forRole('operator')}>
          <Icon name="replay" /> Replay the chosen …
        </button>
        <button type="submit" class="button danger" formaction="/mails/delete" {...forRole('admin')}>
          <Icon name="trash" /> Delete the chosen …
        </button>
        {search && mayActAs(c.get('identity'), 'operator') ? (
          <a href={`/mails/replay?search=${encodeURIComponent(search)}`} class="button">
            <Icon name="replay" /> Replay all that the search finds …
          </a>
        ) : null}
      </p>
    </form>
  )
}

function MailRow({ mail }: { mail: MailSummary }) {
  const { id, status, reason } = mail
  const dead = mail.deliveries.dead ?? 0
  const sender = mail.from || mail.envelope.from || 'nobody'
  return (
    <tr>
      <td>
        <input type="checkbox" name="ids" value={id} aria-label="Choose" aria-describedby={`m-${id}`} />
      </td>
      <td class="narrow">
        <StatusBadge status={status} /> {dead > 0 ? <StatusBadge status="dead" /> : null}
      </td>
      <td class="wide">
        <a href={`/mails/${id}`} class="row-link" id={`m-${id}`}>
          {cutText(mail.subject, subjectLengthMax) || '(no subject)'}
        </a>
        <p class="sub">
          {cutText(sender, namesLengthMax)} → {describeRecipients(mail.envelope.to)}
        </p>
        {reason ? (
          <p class="sub">
            {cutText(reason, subjectLengthMax)}
            {status === 'unrouted' ? (
              <>
                {' '}
                <a href={`/mails/${id}`} aria-describedby={`m-${id}`}>
                  see why
                </a>
              </>
            ) : null}
          </p>
        ) : null}
      </td>
      <td>{cutText(mail.routes.join(', '), namesLengthMax)}</td>
      <td class="narrow">
        <Time at={mail.received_at} />
      </td>
    </tr>
  )
}

function describeRecipients(to: string[]): string {
  const [first = '', ...others] = to
  const shown = cutText(first, namesLengthMax)
  return others.length === 0 ? shown : `${shown} and ${others.length} more`
}
