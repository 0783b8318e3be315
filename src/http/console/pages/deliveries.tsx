import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { deliveryStatuses } from '../../../domain/delivery.js'
import { ApiError } from '../../../domain/errors.js'
import { mayActAs } from '../../../domain/identity.js'
import type { DeliverySelection, DeliverySummary, Page } from '../../../store/store.js'
import { timeQuery } from '../../api/query.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { StatusBadge } from '../elements/badge.js'
import { EmptyState } from '../elements/card.js'
import { Countdown } from '../elements/countdown.js'
import { Select, TextField } from '../elements/field.js'
import { FilterChips, FilterForm } from '../elements/filters.js'
import { Icon } from '../elements/icon.js'
import { InlineField } from '../elements/inline-field.js'
import { Pager } from '../elements/pager.js'
import { Time } from '../elements/time.js'
import { fitPage } from '../fit-page.js'
import { done } from '../flash.js'
import { filledIn, readForm, readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

const pageSize = 50
const titleLengthMax = 140
const errorLengthMax = 200
const nameLengthMax = 80
const optionsMax = 200
const id = z.string().max(64)

const query = z.object({
  status: filledIn(z.enum(deliveryStatuses)),
  channel: filledIn(z.string().max(200)),
  mail: filledIn(id),
  notification: filledIn(id),
  run: filledIn(id),
  since: filledIn(timeQuery),
  error: filledIn(z.string().max(1_000)),
  retried: filledIn(z.coerce.number().int().min(0)),
  cursor: filledIn(id),
})
type Query = z.infer<typeof query>

const chosenForm = z.object({
  ids: z
    .union([id, z.array(id).max(pageSize)])
    .default([])
    .transform((given) => [given].flat()),
  reason: z.string().max(500).default(''),
  back: z
    .string()
    .max(4_000)
    .regex(/^\/deliveries(?:\?|$)/),
})

export const deliveriesPages: MountPage = ({ calls, now }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/deliveries', async (c) => {
    const asked = readPageQuery(c, query)
    const [page, channels] = await Promise.all([
      calls.listDeliveries({
        ...toSelection(asked),
        limit: pageSize,
        ...(asked.cursor ? { cursor: asked.cursor } : {}),
      }),
      calls.listChannels(),
    ])
    const url = new URL(c.req.url)
    return render(
      c,
      { title: 'Deliveries', section: 'deliveries', styles: ['alerts.css'] },
      <>
        <Filters url={url} channels={channels.map(({ name }) => name)} />
        <DeliveryList c={c} page={fitPage(page, textsOf)} url={url} now={now()} />
      </>,
    )
  })
  app.post('/deliveries/retry', async (c) => {
    const actor = actAs(c, 'operator')
    const { ids, back } = await readChosen(c)
    const count = await calls.retryDeliveries({ ids }, actor)
    return done(c, back, `${tell(count)} due now.`, describeRest(ids.length - count, 'sent, being sent, or held'))
  })
  app.post('/deliveries/cancel', async (c) => {
    const actor = actAs(c, 'operator')
    const { ids, reason, back } = await readChosen(c)
    const count = await calls.cancelDeliveries({ ids }, reason, actor)
    return done(
      c,
      back,
      `${tell(count)} cancelled.`,
      describeRest(ids.length - count, 'sent, being sent, or cancelled'),
    )
  })
  return app
}

async function readChosen(c: Context<ConsoleEnv>): Promise<z.infer<typeof chosenForm>> {
  const form = await readForm(c, chosenForm)
  if (form.ids.length > 0) return form
  throw new ApiError(
    400,
    'bad_request',
    'No delivery was chosen.',
    'Tick those that are meant, at the left of each row.',
  )
}

function toSelection({ status, channel, mail, notification, run, since, error, retried }: Query): DeliverySelection {
  const all = {
    status,
    channel,
    mailId: mail,
    notificationId: notification,
    runId: run,
    since,
    error,
    retriedAt: retried,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function tell(count: number): string {
  return count === 1 ? '1 delivery is' : `${count} deliveries are`
}

function describeRest(count: number, why: string): string | null {
  return count > 0 ? `${count} of the chosen stay as they are: ${why}.` : null
}

function textsOf({ title, channel, recipient, address, route, status, last_error }: DeliverySummary): string[] {
  const shown = cutText(title, titleLengthMax)
  const where = cutText(recipient ?? address ?? '', nameLengthMax)
  const names = [encodeURIComponent(channel), cutText(channel, nameLengthMax), cutText(route, nameLengthMax), where]
  return [shown, shown, ...names, status === 'sent' ? '' : cutText(last_error ?? '', errorLengthMax)]
}

function Filters({ url, channels }: { url: URL; channels: string[] }) {
  const value = (name: string) => url.searchParams.get(name) ?? ''
  const names = new Set([...channels.slice(0, optionsMax), value('channel')].filter((name) => name !== ''))
  const kept = { status: value('status'), run: value('run'), error: value('error'), retried: value('retried') }
  return (
    <>
      <FilterForm action="/deliveries" label="Filter deliveries" kept={kept} isFiltered={url.search !== ''}>
        <Select
          name="channel"
          label="Channel"
          value={value('channel')}
          options={[
            { value: '', label: 'any' },
            ...[...names].map((name) => ({ value: name, label: cutText(name, nameLengthMax) })),
          ]}
        />
        <TextField name="since" label="Since" value={value('since')} placeholder="24h, or 2026-11-20" />
        <TextField name="mail" label="Mail" value={value('mail')} placeholder="its id" />
        <TextField name="notification" label="Notification" value={value('notification')} placeholder="its id" />
      </FilterForm>
      <FilterChips
        label="State"
        url={url}
        name="status"
        values={deliveryStatuses.map((status) => ({
          value: status,
          label: status === 'dead' ? 'dead letter' : status,
        }))}
      />
      {kept.error ? (
        <p class="note">Only those whose error begins with “{cutText(kept.error, errorLengthMax)}”.</p>
      ) : null}
      {kept.retried ? <p class="note">Only those that one retry made due.</p> : null}
    </>
  )
}

interface ListProps {
  c: Context<ConsoleEnv>
  page: Page<DeliverySummary>
  url: URL
  now: number
}

function DeliveryList({ c, page, url, now }: ListProps) {
  const isFirst = !url.searchParams.has('cursor')
  return (
    <div id="delivery-list" data-live={isFirst ? 'deliveries' : undefined}>
      {page.items.length === 0 ? (
        <NoDeliveries isFiltered={url.search !== ''} />
      ) : (
        <form method="post" action="/deliveries/retry">
          <input type="hidden" name="back" value={`${url.pathname}${url.search}`} />
          <DeliveryTable deliveries={page.items} now={now} />
          <ChosenActs isAllowed={mayActAs(c.get('identity'), 'operator')} />
        </form>
      )}
      <Pager url={url} nextCursor={page.next_cursor} />
    </div>
  )
}

function NoDeliveries({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <EmptyState title="No delivery is like that">
        <p>
          Take a filter away, or <a href="/deliveries">show all deliveries</a>.
        </p>
      </EmptyState>
    )
  }
  return (
    <EmptyState title="Nothing was sent to anybody yet">
      <p>
        A delivery is one alert to one recipient on one channel. It is made when a mail matches a{' '}
        <a href="/routes">route</a> that sends; <a href="/mails">Mails</a> says what came in and why it went where it
        went.
      </p>
    </EmptyState>
  )
}

function DeliveryTable({ deliveries, now }: { deliveries: DeliverySummary[]; now: number }) {
  return (
    <section class="table-scroll" aria-label="Deliveries" tabindex={0}>
      <table class="rows">
        <caption class="hidden">Deliveries, newest first</caption>
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">Choose</span>
            </th>
            <th scope="col">State</th>
            <th scope="col" class="wide">
              Message
            </th>
            <th scope="col">Channel</th>
            <th scope="col" class="number">
              Attempts
            </th>
            <th scope="col">Made</th>
          </tr>
        </thead>
        <tbody>
          {deliveries.map((delivery) => (
            <DeliveryRow delivery={delivery} now={now} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

function DeliveryRow({ delivery, now }: { delivery: DeliverySummary; now: number }) {
  const title = cutText(delivery.title || '(no title)', titleLengthMax)
  const { status, last_error: error, next_attempt_at: next } = delivery
  return (
    <tr>
      <td>
        <input type="checkbox" name="ids" value={delivery.id} aria-label={`Choose ${title}`} />
      </td>
      <td class="narrow">
        <StatusBadge status={status} />
        {next ? (
          <p class="sub">
            <Countdown at={next} now={now} />
          </p>
        ) : null}
      </td>
      <td class="wide">
        <a href={`/deliveries/${delivery.id}`} class="row-link">
          {title}
        </a>
        <p class="sub">
          {delivery.purpose === 'alert' ? '' : `${delivery.purpose} · `}
          {cutText(delivery.route, nameLengthMax)}
        </p>
        {error && status !== 'sent' ? <p class="sub">{cutText(error, errorLengthMax)}</p> : null}
      </td>
      <td>
        <a href={`/channels/${encodeURIComponent(delivery.channel)}`}>{cutText(delivery.channel, nameLengthMax)}</a>
        <p class="sub">{cutText(delivery.recipient ?? delivery.address ?? 'the channel itself', nameLengthMax)}</p>
      </td>
      <td class="number">{delivery.attempts}</td>
      <td class="narrow">
        <Time at={delivery.created_at} />
      </td>
    </tr>
  )
}

function ChosenActs({ isAllowed }: { isAllowed: boolean }) {
  const title = isAllowed ? undefined : 'takes the role operator'
  return (
    <div class="bulk">
      <button type="submit" class="button" disabled={!isAllowed} title={title}>
        <Icon name="replay" /> Retry the chosen
      </button>
      <InlineField id="cancel-reason" name="reason" label="Reason to cancel" lengthMax={500} />
      <button type="submit" class="button danger" formaction="/deliveries/cancel" disabled={!isAllowed} title={title}>
        <Icon name="cross" /> Cancel the chosen
      </button>
    </div>
  )
}
