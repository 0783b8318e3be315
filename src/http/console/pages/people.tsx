import { Hono } from 'hono'
import { z } from 'zod'
import { ApiError } from '../../../domain/errors.js'
import type { PersonLine } from '../../../engine/known-people.js'
import type { GroupLine } from '../../../engine/people-calls.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { ActionButton, ButtonLink } from '../elements/action-button.js'
import { EmptyState } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { TextField } from '../elements/field.js'
import { Icon } from '../elements/icon.js'
import { Pager } from '../elements/pager.js'
import { SearchForm } from '../elements/search-form.js'
import { Tabs } from '../elements/tabs.js'
import { done } from '../flash.js'
import { filledIn, readForm, readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

const pageSize = 50
const membersShownMax = 20
const query = z.object({ search: z.string().max(200).default(''), cursor: z.string().max(320).optional() })
const newPerson = z.object({
  address: z.string().trim().max(320),
  name: filledIn(z.string().trim().max(200)),
  manager: filledIn(z.string().trim().max(320)),
})

/** Who is reached, and where. What stands in no address (`new`, `groups`) is a page of its own. */
export const peoplePages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  const actions = (
    <ButtonLink href="/people/new" icon="people" look="primary">
      Add a person
    </ButtonLink>
  )
  app.get('/people', async (c) => {
    const { search, cursor } = readPageQuery(c, query)
    const page = await calls.listPeople({ search, limit: pageSize, cursor })
    return render(
      c,
      { title: 'People', section: 'people', actions },
      <>
        <PeopleTabs current="people" />
        <SearchForm
          action="/people"
          label="Search people"
          search={search}
          placeholder="part of an address, a name, a manager or a group"
          listId="people-list"
        />
        <div id="people-list">
          {page.items.length === 0 ? <Nobody search={search} /> : <PeopleTable people={page.items} />}
          <Pager url={new URL(c.req.url)} nextCursor={page.next_cursor} />
        </div>
      </>,
    )
  })
  app.get('/people/groups', async (c) => {
    const { cursor = '' } = readPageQuery(c, query)
    const rest = (await calls.listGroups()).filter(({ name }) => name > cursor)
    const shown = rest.slice(0, pageSize)
    return render(
      c,
      { title: 'Groups', section: 'people', above: [{ label: 'People', href: '/people' }] },
      <>
        <PeopleTabs current="groups" />
        {shown.length === 0 ? <NoGroups /> : <GroupTable groups={shown} />}
        <Pager url={new URL(c.req.url)} nextCursor={rest.length > pageSize ? (shown.at(-1)?.name ?? null) : null} />
      </>,
    )
  })
  app.get('/people/new', (c) =>
    render(
      c,
      { title: 'Add a person', section: 'people', above: [{ label: 'People', href: '/people' }] },
      <ActionButton c={c} action="/people/new" label="Add the person" icon="check" needs="operator" look="primary">
        <TextField
          name="address"
          type="email"
          label="Mail address"
          required
          hint="Names the person: mails to it, and routes that name it, are about them."
        />
        <TextField name="name" label="Name" />
        <TextField
          name="manager"
          type="email"
          label="Manager"
          hint="The mail address of another person, to whom alerts nobody acknowledges can go."
        />
      </ActionButton>,
    ),
  )
  app.post('/people/new', async (c) => {
    const actor = actAs(c, 'operator')
    const { address, name, manager } = await readForm(c, newPerson)
    await refuseKnown(calls, address)
    const person = await calls.setPerson(address, { name, manager }, actor)
    const hint = 'Enter where they are reached, or make them a link.'
    return done(c, `/people/${encodeURIComponent(person.address)}`, `${person.address} is added.`, hint)
  })
  return app
}

/** To add somebody twice would change them, which is not what was asked for. */
async function refuseKnown(calls: ConsoleParts['calls'], address: string): Promise<void> {
  const { items } = await calls.listPeople({ search: address, limit: pageSize })
  if (!items.some((person) => person.address === address.toLowerCase())) return
  throw new ApiError(409, 'exists', `${address} is known already`, 'their page is where they are changed')
}

function PeopleTabs({ current }: { current: 'people' | 'groups' }) {
  const tabs = [
    { id: 'people', label: 'People', href: '/people' },
    { id: 'groups', label: 'Groups', href: '/people/groups' },
  ]
  return <Tabs label="People and groups" current={current} tabs={tabs} />
}

function Nobody({ search }: { search: string }) {
  if (search !== '') {
    return (
      <EmptyState title="Nobody is like that">
        <p>
          <a href="/people">Show everybody</a>, or <a href="/people/new">add a person</a>.
        </p>
      </EmptyState>
    )
  }
  return (
    <EmptyState title="Nobody is known yet">
      <p>A person is a mail address with the places where they are reached: a chat, a phone, another mailbox.</p>
      <p>
        Add one here, or write them under <code>people:</code> in your file.
      </p>
    </EmptyState>
  )
}

function PeopleTable({ people }: { people: PersonLine[] }) {
  return (
    <DataTable
      caption="People"
      rows={people}
      columns={[
        {
          title: 'Person',
          look: 'wide',
          cell: ({ address, name }) => (
            <>
              <a href={`/people/${encodeURIComponent(address)}`} class="row-link">
                {address}
              </a>
              {name ? <p class="sub">{name}</p> : null}
            </>
          ),
        },
        { title: 'Reached on', cell: describeAddresses },
        { title: 'Groups', cell: ({ groups }) => groups.join(', ') },
        { title: 'Manager', cell: ({ manager }) => manager },
        { title: 'From', look: 'narrow', cell: ({ origin }) => (origin === 'file' ? 'file' : 'entered here') },
      ]}
    />
  )
}

function describeAddresses({ channels }: PersonLine) {
  if (channels.length === 0) return <span class="dim">the mail address only</span>
  return channels.map(({ channel, problem }, index) => (
    <>
      {index > 0 ? ', ' : ''}
      {channel}
      {problem === null ? null : (
        <>
          {' '}
          <span class="note bad">
            <Icon name="warning" /> not in force
          </span>
        </>
      )}
    </>
  ))
}

function NoGroups() {
  return (
    <EmptyState title="There is no group">
      <p>A group is a name for several people, which routes can send to. Groups stand in your file:</p>
      <pre>{'groups: { devops: [tim@example.com, jolin@example.com] }'}</pre>
    </EmptyState>
  )
}

function GroupTable({ groups }: { groups: GroupLine[] }) {
  return (
    <DataTable
      caption="Groups, as they stand in the file"
      rows={groups}
      columns={[
        { title: 'Group', cell: ({ name }) => <a href={`/people?search=${encodeURIComponent(name)}`}>{name}</a> },
        { title: 'People', look: 'number', cell: ({ members }) => members.length },
        { title: 'Members', look: 'wide', cell: ({ members }) => <Members members={members} /> },
      ]}
    />
  )
}

function Members({ members }: { members: string[] }) {
  const others = members.length - membersShownMax
  return (
    <ul class="plain-list">
      {members.slice(0, membersShownMax).map((address) => (
        <li>
          <a href={`/people/${encodeURIComponent(address)}`}>{address}</a>
        </li>
      ))}
      {others > 0 ? <li>and {others} more</li> : null}
    </ul>
  )
}
