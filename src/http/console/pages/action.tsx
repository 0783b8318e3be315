import { type Context, Hono } from 'hono'
import { z } from 'zod'
import type { ModuleVersion } from '../../../domain/module-version.js'
import { formatDuration, formatSize } from '../../../domain/units.js'
import type { ActionCallStats, ActionSettingsLine } from '../../../engine/guest-detail-calls.js'
import type { ActionLine } from '../../../engine/module-calls.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { ActionButton, ButtonLink } from '../elements/action-button.js'
import { Badge } from '../elements/badge.js'
import { Card, EmptyState, Facts } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { callStatsDays, describeCalls, describeKinds } from '../elements/guest-words.js'
import { Icon } from '../elements/icon.js'
import { Time } from '../elements/time.js'
import { done } from '../flash.js'
import { readForm } from '../read-form.js'
import { hrefOf } from './actions.js'
import type { MountPage } from './page.js'

const dayMs = 86_400_000
const rollbackForm = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })
const uploadsKnown = 100

/** One action or condition: what runs, what ran before, and where it is used. */
export const actionPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/actions/:name', async (c) => {
    const name = c.req.param('name')
    const action = await calls.readAction(name)
    const [versions, settings, stats, uploaders] = await Promise.all([
      calls.listActionVersions(name),
      calls.readActionSettings(name).catch(() => null),
      calls.listActionCalls(callStatsDays * dayMs),
      listUploaders(calls, name),
    ])
    const above = [{ label: 'Actions', href: '/actions' }]
    const frame = { title: name, section: 'actions' as const, above, styles: ['guests.css'] }
    return render(
      c,
      { ...frame, actions: <Buttons c={c} action={action} /> },
      <>
        <ActionFacts action={action} />
        <div class="columns">
          <ChecksCard action={action} />
          <CallsCard stats={stats.find((one) => one.action === name) ?? null} />
          <SettingsCard settings={settings} declared={action.declared} />
          <UsersCard action={action} />
        </div>
        <VersionsCard c={c} name={name} versions={versions} uploaders={uploaders} />
      </>,
    )
  })
  app.post('/actions/:name/rollback', async (c) => {
    const actor = actAs(c, 'admin')
    const { sha256 } = await readForm(c, rollbackForm)
    const name = c.req.param('name')
    await calls.rollbackAction(name, sha256, actor)
    return done(c, hrefOf(name), `Version ${sha256.slice(0, 12)} runs from the next mail on.`)
  })
  app.post('/actions/:name/delete', async (c) => {
    const actor = actAs(c, 'admin')
    const name = c.req.param('name')
    const count = await calls.deleteAction(name, actor)
    return done(c, '/actions', `“${name}” is deleted, with ${count === 1 ? 'its one version' : `${count} versions`}.`)
  })
  return app
}

/** By version, who uploaded it; as far back as the record of changes goes. */
async function listUploaders(calls: ConsoleParts['calls'], name: string): Promise<Map<string, string>> {
  const { items } = await calls.listAudit({ limit: uploadsKnown, subject: name, action: 'action.upload' })
  return new Map(items.reverse().map(({ actor, detail }) => [String(detail.sha256), actor]))
}

function Buttons({ c, action }: { c: Context<ConsoleEnv>; action: ActionLine }) {
  const href = hrefOf(action.name)
  return (
    <>
      {action.origin === 'uploaded' ? (
        <ActionButton
          c={c}
          action={`${href}/delete`}
          label="Delete"
          icon="trash"
          needs="admin"
          look="danger"
          confirm={`Delete “${action.name}” with all its versions?`}
        />
      ) : null}
      <ButtonLink href={`${href}/try`} icon="flask" look="primary">
        Try it on a mail
      </ButtonLink>
    </>
  )
}

function ActionFacts({ action }: { action: ActionLine }) {
  const { origin, filename, sha256, size_bytes, uploaded_at } = action
  return (
    <Facts
      facts={[
        ['Comes from', origin === 'config' ? 'the config' : 'an upload'],
        ['Module', filename],
        ['Version', <code>{sha256.slice(0, 12)}</code>],
        ['Size', formatSize(size_bytes)],
        ['Uploaded', uploaded_at ? <Time at={uploaded_at} /> : null],
      ]}
    />
  )
}

/** All of this was checked before it was taken over: what fails it never gets here. */
function ChecksCard({ action }: { action: ActionLine }) {
  const { kinds, size_bytes, routes } = action
  const checks = [
    `It exports ${describeKinds(kinds)}.`,
    `It has ${formatSize(size_bytes)}; 8 MB are allowed.`,
    'It asks for nothing but what the gateway gives its guests (ABI version 1).',
    'Its memory is limited to 64 MB, and it starts afresh for each mail.',
    ...(routes.length > 0 ? ['Each route that names it can use it.'] : []),
  ]
  return (
    <Card title="Checked">
      <ul class="checks">
        {checks.map((check) => (
          <li>
            <Icon name="check" /> {check}
          </li>
        ))}
      </ul>
    </Card>
  )
}

function CallsCard({ stats }: { stats: ActionCallStats | null }) {
  return (
    <Card title={`Calls of the last ${callStatsDays} days`}>
      {stats === null ? (
        <p class="note">No mail came by it. Trials are not counted.</p>
      ) : (
        <div>{describeCalls(stats)}</div>
      )}
    </Card>
  )
}

function SettingsCard({ settings, declared }: { settings: ActionSettingsLine | null; declared: boolean }) {
  if (settings === null) {
    return (
      <Card title="Settings in force">
        <p class="note warn">
          <Icon name="warning" /> This upload cannot be called any more: upload it again, or roll back to another
          version.
        </p>
      </Card>
    )
  }
  const { timeout_ms, allow_hosts, config, attached } = settings
  return (
    <Card title="Settings in force">
      <Facts
        facts={[
          ['Time for one call', formatDuration(timeout_ms)],
          ['HTTP calls to', allow_hosts.length > 0 ? allow_hosts.join(', ') : 'nowhere'],
          ['Lookups attached before', attached.join(', ')],
          ...Object.entries(config).map(([key, value]): [string, string] => [`config: ${key}`, value]),
        ]}
      />
      <p class="hint">
        {declared
          ? 'They stand under its name in “actions” of the config.'
          : 'These are the defaults. An entry of its name under “actions” of the config would change them.'}
      </p>
    </Card>
  )
}

function UsersCard({ action: { name, routes } }: { action: ActionLine }) {
  return (
    <Card title="Used by">
      {routes.length === 0 ? (
        <p class="note">
          No route uses it: add a step <code>run: {name}</code>, or a condition <code>wasm: {name}</code>.
        </p>
      ) : (
        <ul class="bare-list">
          {routes.slice(0, 50).map((route) => (
            <li>
              <a href={`/routes/${encodeURIComponent(route)}`}>{route}</a>
            </li>
          ))}
        </ul>
      )}
      {routes.length > 50 ? <p class="dim">and {routes.length - 50} more</p> : null}
    </Card>
  )
}

interface VersionsProps {
  c: Context<ConsoleEnv>
  name: string
  versions: ModuleVersion[]
  uploaders: ReadonlyMap<string, string>
}

function VersionsCard({ c, name, versions, uploaders }: VersionsProps) {
  return (
    <Card title="Versions" actions={<ButtonLink href="/actions#upload">Upload a new one</ButtonLink>}>
      {versions.length === 0 ? (
        <EmptyState title="Nothing was uploaded under this name">
          <p>The module of the config runs. An upload would stand before it, and could be rolled back here.</p>
        </EmptyState>
      ) : (
        <DataTable
          caption="Uploaded versions, newest first"
          rows={versions}
          columns={[
            { title: 'Version', look: 'narrow', cell: ({ sha256 }) => <code>{sha256.slice(0, 12)}</code> },
            { title: 'File', cell: ({ filename }) => filename },
            { title: 'Size', look: 'number', cell: ({ size_bytes }) => formatSize(size_bytes) },
            { title: 'Uploaded', look: 'narrow', cell: ({ uploaded_at }) => <Time at={uploaded_at} /> },
            { title: 'By', cell: ({ sha256 }) => uploaders.get(sha256) ?? <span class="dim">not recorded</span> },
            { title: 'State', look: 'narrow', cell: (version) => <VersionState c={c} name={name} version={version} /> },
          ]}
        />
      )}
    </Card>
  )
}

function VersionState({ c, name, version }: { c: Context<ConsoleEnv>; name: string; version: ModuleVersion }) {
  if (version.active) {
    return (
      <Badge tone="good" icon="check">
        runs
      </Badge>
    )
  }
  return (
    <ActionButton c={c} action={`${hrefOf(name)}/rollback`} label="Roll back to this" icon="replay" needs="admin">
      <input type="hidden" name="sha256" value={version.sha256} />
    </ActionButton>
  )
}
