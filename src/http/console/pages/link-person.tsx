import { Hono } from 'hono'
import { z } from 'zod'
import type { PersonLine } from '../../../engine/known-people.js'
import type { LinkAnswer } from '../../../engine/people-calls.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { ButtonLink } from '../elements/action-button.js'
import { Badge } from '../elements/badge.js'
import { Card } from '../elements/card.js'
import { Icon } from '../elements/icon.js'
import { Time } from '../elements/time.js'
import { readForm, readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

const linkForm = z.object({ channel: z.string().min(1).max(64) })
/** Since when one waits for the link, and until when it is good: Unix milliseconds. */
const waitQuery = z.object({
  channel: z.string().min(1).max(64),
  since: z.coerce.number().int().min(0).max(8.64e15),
  until: z.coerce.number().int().min(0).max(8.64e15),
})
type Wait = z.infer<typeof waitQuery>

/**
 * A link for a person to open. The answer to the form is the page itself: the link is shown this once, and stands in no
 * address and no cookie.
 */
export const linkPersonPages: MountPage = ({ calls, now }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.post('/people/:address/link', async (c) => {
    const actor = actAs(c, 'operator')
    const { channel } = await readForm(c, linkForm)
    const since = now()
    const link = await calls.linkPerson(c.req.param('address'), channel, null, actor)
    const wait = { channel, since, until: Date.parse(link.expires_at) }
    return render(
      c,
      { title: `A link for ${link.person}`, section: 'people', above: aboveOf(link.person) },
      <>
        <LinkCard link={link} />
        <LinkState person={await calls.readPerson(link.person)} wait={wait} now={now()} />
      </>,
    )
  })
  app.get('/people/:address/linking', async (c) => {
    const wait = readPageQuery(c, waitQuery)
    const person = await calls.readPerson(c.req.param('address'))
    return render(
      c,
      { title: `The link for ${person.address}`, section: 'people', above: aboveOf(person.address) },
      <LinkState person={person} wait={wait} now={now()} />,
    )
  })
  return app
}

function aboveOf(person: string) {
  return [
    { label: 'People', href: '/people' },
    { label: person, href: hrefOf(person) },
  ]
}

function hrefOf(address: string): string {
  return `/people/${encodeURIComponent(address)}`
}

function LinkCard({ link: { person, channel, url, code, expires_at: expiresAt, problem } }: { link: LinkAnswer }) {
  return (
    <Card title={`Send this to ${person}, and to nobody else`}>
      <p class="once-link">
        <code id="link-url">{url}</code>
        <button type="button" class="button" data-copy="#link-url" hidden>
          <Icon name="file" /> <span>Copy</span>
        </button>
      </p>
      <p>
        Whoever opens it first gets the alerts of {person} on {channel}. It works once, until <Time at={expiresAt} />,
        and is not shown again: a new one ends this one.
      </p>
      <p class="hint">
        Who cannot open links writes <code>/start {code}</code> to the bot instead.
      </p>
      {problem === null ? null : (
        <p class="note warn">
          <Icon name="warning" /> The channel does not hear at the moment who opens it: {problem}
        </p>
      )}
    </Card>
  )
}

/** Whether it was opened. Where scripts run it looks by itself until that is known; else a link looks. */
function LinkState({ person, wait, now }: { person: PersonLine; wait: Wait; now: number }) {
  const { channel, since, until } = wait
  const found = person.channels.find((line) => line.channel === channel && line.origin === 'link')
  const isLinked = found !== undefined && found.at !== null && Date.parse(found.at) >= since
  const isOver = !isLinked && now >= until
  const search = new URLSearchParams({ channel, since: String(since), until: String(until) })
  const href = `${hrefOf(person.address)}/linking?${search}`
  const asks = isLinked || isOver ? {} : { 'hx-get': href, 'hx-trigger': 'every 3s', 'hx-select': '#link-state' }
  return (
    <div id="link-state" role="status" hx-swap="outerHTML" {...asks}>
      {isLinked ? (
        <p>
          <Badge tone="good" icon="check">
            linked
          </Badge>{' '}
          Their alerts go to <code>{found.address}</code> on {channel} now.
        </p>
      ) : isOver ? (
        <p>
          <Badge tone="warn" icon="clock">
            over
          </Badge>{' '}
          Nobody opened it in its time: make a new one.
        </p>
      ) : (
        <p>
          <Badge tone="busy" icon="clock">
            waiting
          </Badge>{' '}
          Nobody opened it yet. <a href={href}>Look again</a>
        </p>
      )}
      <ButtonLink href={hrefOf(person.address)} icon="people">
        Back to {person.address}
      </ButtonLink>
    </div>
  )
}
