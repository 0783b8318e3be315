import { type Context, Hono } from 'hono'
import { z } from 'zod'
import type { ChannelLine } from '../../../engine/channel-calls.js'
import type { PersonAddress, PersonLine } from '../../../engine/known-people.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { ActionButton } from '../elements/action-button.js'
import { Badge } from '../elements/badge.js'
import { Card, EmptyState, Facts } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { Select, TextField } from '../elements/field.js'
import { Time } from '../elements/time.js'
import { done } from '../flash.js'
import { readForm } from '../read-form.js'
import type { MountPage } from './page.js'

const changeForm = z.object({
  name: z.string().trim().max(200).optional(),
  manager: z.string().trim().max(320).optional(),
})
const channelName = z.string().min(1).max(64)
const addressForm = z.object({ channel: channelName, address: z.string().trim().min(1).max(4_000) })
const removeForm = z.object({ channel: channelName })

export const personPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/people/:address', async (c) => {
    const person = await calls.readPerson(c.req.param('address'))
    const channels = await calls.listChannels()
    const above = [{ label: 'People', href: '/people' }]
    const actions = person.origin === 'entry' ? <DeleteButton c={c} person={person} /> : null
    return render(
      c,
      { title: person.name ?? person.address, section: 'people', above, actions },
      <>
        <PersonFacts person={person} />
        <Card title="Where they are reached">
          <Addresses c={c} person={person} />
        </Card>
        <div class="columns">
          <AddressCard c={c} person={person} channels={channels} />
          <LinkCard c={c} person={person} channels={channels} />
          <ChangeCard c={c} person={person} />
        </div>
      </>,
    )
  })
  app.post('/people/:address/change', async (c) => {
    const address = c.req.param('address')
    const actor = actAs(c, 'operator')
    const { name, manager } = await readForm(c, changeForm)
    await calls.setPerson(address, { name: name === '' ? null : name, manager: manager === '' ? null : manager }, actor)
    return done(c, hrefOf(address), `${address} is changed.`)
  })
  app.post('/people/:address/addresses', async (c) => {
    const person = c.req.param('address')
    const actor = actAs(c, 'operator')
    const { channel, address } = await readForm(c, addressForm)
    await calls.setPerson(person, { channels: { [channel]: address } }, actor)
    const hint = `A test on the page of the channel ${channel}, to ${person}, shows whether it arrives.`
    return done(c, hrefOf(person), `${person} is reached on ${channel} from now on.`, hint)
  })
  app.post('/people/:address/addresses/delete', async (c) => {
    const person = c.req.param('address')
    const actor = actAs(c, 'operator')
    const { channel } = await readForm(c, removeForm)
    await calls.setPerson(person, { channels: { [channel]: null } }, actor)
    return done(c, hrefOf(person), `${person} is not reached on ${channel} any more.`)
  })
  app.post('/people/:address/delete', async (c) => {
    const address = c.req.param('address')
    await calls.deletePerson(address, actAs(c, 'admin'))
    return done(c, '/people', `${address} is deleted.`)
  })
  return app
}

function hrefOf(address: string): string {
  return `/people/${encodeURIComponent(address)}`
}

function DeleteButton({ c, person: { address } }: { c: Context<ConsoleEnv>; person: PersonLine }) {
  return (
    <ActionButton
      c={c}
      action={`${hrefOf(address)}/delete`}
      label="Delete"
      icon="trash"
      needs="admin"
      look="danger"
      confirm={`Delete ${address}, with all their addresses?`}
    />
  )
}

function PersonFacts({ person }: { person: PersonLine }) {
  const { address, manager, groups, quiet_hours: quiet, origin, changed_at: changedAt, changed_by: changedBy } = person
  return (
    <Facts
      facts={[
        ['Mail address', address],
        ['Manager', manager ? <a href={hrefOf(manager)}>{manager}</a> : null],
        ['Groups', groups.join(', ')],
        [
          'Quiet hours',
          quiet && `${quiet.calendar}${quiet.except.length > 0 ? `, but for ${quiet.except.join(', ')}` : ''}`,
        ],
        ['From', origin === 'file' ? 'a file, with what is entered here' : 'entered here'],
        ['Changed', changedAt ? <Time at={changedAt} /> : null],
        ['By', changedBy],
      ]}
    />
  )
}

const origins: Record<PersonAddress['origin'], string> = {
  file: 'a file',
  entry: 'entered here',
  link: 'they opened a link',
}

function Addresses({ c, person: { address: person, channels } }: { c: Context<ConsoleEnv>; person: PersonLine }) {
  if (channels.length === 0) {
    return (
      <EmptyState title="Nowhere but at their mail address">
        <p>Enter an address on another channel, or make a link that the person opens.</p>
      </EmptyState>
    )
  }
  return (
    <DataTable
      caption={`Addresses of ${person}`}
      rows={channels}
      columns={[
        {
          title: 'Channel',
          look: 'narrow',
          cell: ({ channel }) => <a href={`/channels/${encodeURIComponent(channel)}`}>{channel}</a>,
        },
        { title: 'Address', look: 'wide', cell: (line) => <AddressState line={line} /> },
        { title: 'From', look: 'narrow', cell: ({ origin }) => origins[origin] },
        { title: 'Since', look: 'narrow', cell: ({ at }) => (at === null ? null : <Time at={at} />) },
        {
          title: 'Change',
          cell: ({ channel, origin }) =>
            origin === 'file' ? (
              <span class="dim">in the file</span>
            ) : (
              <ActionButton
                c={c}
                action={`${hrefOf(person)}/addresses/delete`}
                label="Take away"
                icon="trash"
                needs="operator"
                confirm={`Send nothing more to ${person} on ${channel}?`}
              >
                <input type="hidden" name="channel" value={channel} />
              </ActionButton>
            ),
        },
      ]}
    />
  )
}

function AddressState({ line: { address, problem } }: { line: PersonAddress }) {
  return (
    <>
      <code>{address}</code>
      {problem === null ? null : (
        <p class="sub">
          <Badge tone="bad" icon="warning">
            not in force
          </Badge>{' '}
          {problem}
        </p>
      )}
    </>
  )
}

interface CardProps {
  c: Context<ConsoleEnv>
  person: PersonLine
  channels: ChannelLine[]
}

function AddressCard({ c, person, channels }: CardProps) {
  const inFile = person.channels.filter(({ origin }) => origin === 'file').map(({ channel }) => channel)
  const open = channels.filter(
    ({ name, destination, address_hint: hint }) => destination === null && hint !== null && !inFile.includes(name),
  )
  return (
    <Card title="Enter an address">
      {open.length === 0 ? (
        <p class="note">
          No channel delivers to addresses of people. <a href="/new-channel">Add one</a>, such as Telegram or email.
        </p>
      ) : (
        <ActionButton
          c={c}
          action={`${hrefOf(person.address)}/addresses`}
          label="Save the address"
          icon="check"
          needs="operator"
        >
          <Select
            name="channel"
            label="Channel"
            required
            options={open.map(({ name, label }) => ({
              value: name,
              label: name === label ? name : `${name} (${label})`,
            }))}
          />
          <TextField name="address" label="Address there" required hint={<Hints channels={open} />} />
        </ActionButton>
      )}
    </Card>
  )
}

/** How an address looks on each channel; channels of one kind are told of together. */
function Hints({ channels }: { channels: ChannelLine[] }) {
  const kinds = new Map(channels.map(({ label, address_hint: hint }) => [label, hint]))
  const lines = [...kinds].map(([label, hint]) => `${label}: ${hint}`)
  return <>{`${lines.join('. ')}.`}</>
}

function LinkCard({ c, person, channels }: CardProps) {
  const inFile = person.channels.filter(({ origin }) => origin === 'file').map(({ channel }) => channel)
  const linked = channels.filter(({ has_links: hasLinks, name }) => hasLinks && !inFile.includes(name))
  return (
    <Card title="Or make a link" id="link">
      {linked.length === 0 ? (
        <p class="note">
          A person can enter their own address by opening a link on Telegram: no channel of that kind is open to it for
          them.
        </p>
      ) : (
        <>
          <p>The person opens it, presses Start, and their chat is entered: nobody has to look up an id.</p>
          <ActionButton
            c={c}
            action={`${hrefOf(person.address)}/link`}
            label="Make a link"
            icon="send"
            needs="operator"
            look="primary"
          >
            <Select
              name="channel"
              id="field-link-channel"
              label="Channel to link"
              required
              options={linked.map(({ name }) => ({ value: name, label: name }))}
            />
          </ActionButton>
        </>
      )}
    </Card>
  )
}

function ChangeCard({ c, person: { address, name, manager, fixed } }: Omit<CardProps, 'channels'>) {
  const isNameFixed = fixed.includes('name')
  const isManagerFixed = fixed.includes('manager')
  return (
    <Card title="Name and manager">
      {isNameFixed ? <p class="note">The name stands in a file, and is changed there.</p> : null}
      {isManagerFixed ? <p class="note">The manager stands in a file, and is changed there.</p> : null}
      {isNameFixed && isManagerFixed ? null : (
        <ActionButton c={c} action={`${hrefOf(address)}/change`} label="Save" icon="check" needs="operator">
          {isNameFixed ? null : <TextField name="name" label="Name" value={name} />}
          {isManagerFixed ? null : (
            <TextField
              name="manager"
              type="email"
              label="Manager"
              value={manager}
              hint="The mail address of another person; empty for nobody."
            />
          )}
        </ActionButton>
      )}
    </Card>
  )
}
