import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { ApiError } from '../../../domain/errors.js'
import { mayActAs } from '../../../domain/identity.js'
import { formatSize } from '../../../domain/units.js'
import type { ActionCallStats } from '../../../engine/guest-detail-calls.js'
import type { ActionLine } from '../../../engine/module-calls.js'
import { checkActionName, moduleBytesMax, nameOfModule, plainModuleFilename } from '../../module-file.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { Card, EmptyState } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { FileField, TextField } from '../elements/field.js'
import { callStatsDays, describeCalls, describeKinds } from '../elements/guest-words.js'
import { Pager } from '../elements/pager.js'
import { type Refusal, RefusedModule } from '../elements/refused-module.js'
import { Time } from '../elements/time.js'
import { done } from '../flash.js'
import { frameSource } from '../frame-source.js'
import { readPageQuery } from '../read-form.js'
import { readUpload, takeFile, takeText, type UploadedFile } from '../read-upload.js'
import type { RenderPage } from '../render-page.js'
import type { MountPage } from './page.js'

const pageSize = 50
const dayMs = 86_400_000
const uploadsKnown = 500
const query = z.object({ cursor: z.string().max(200).optional() })

/** The modules that decide about mails: those of the config, and those that are uploaded here. */
export const actionsPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/actions', (c) => showActions({ c, calls, render }))
  app.post('/actions', async (c) => {
    const actor = actAs(c, 'admin')
    const form = await readUpload(c)
    const given = await takeFile(form, 'module')
    const name = takeText(form, 'name', 100)
    const module = given && { ...given, filename: plainModuleFilename(given.filename) }
    try {
      const action = await upload(calls, name, module, actor)
      return done(c, hrefOf(action.name), describeUpload(action), describeUse(action))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return showActions({ c, calls, render }, { name, refusal: refuse(error, module) })
    }
  })
  return app
}

export function hrefOf(name: string): string {
  return `/actions/${encodeURIComponent(name)}`
}

async function upload(calls: ConsoleParts['calls'], name: string, module: UploadedFile | null, actor: string) {
  if (!module || module.bytes.byteLength === 0) {
    throw new ApiError(400, 'bad_request', 'No module was chosen, or it is empty.', 'Choose a .wasm, .ts or .js file.')
  }
  if (module.bytes.byteLength > moduleBytesMax) {
    const size = formatSize(module.bytes.byteLength)
    throw new ApiError(413, 'too_large', `The module has ${size}; 8 MB are allowed.`)
  }
  return calls.uploadAction(checkActionName(name || nameOfModule(module.filename)), module, actor)
}

export function refuse({ status, message, hint }: ApiError, module: UploadedFile | null): Refusal {
  return { status, message, hint, frame: module && frameSource(message, module) }
}

function describeUpload({ name, kinds, size_bytes, sha256 }: ActionLine): string {
  const checked = `It exports ${describeKinds(kinds)}, has ${formatSize(size_bytes)}, and asks for nothing but what the gateway gives.`
  return `“${name}” is uploaded and runs from the next mail on: version ${sha256.slice(0, 12)}. ${checked}`
}

function describeUse({ name, routes }: ActionLine): string | null {
  return routes.length > 0 ? null : `No route uses it yet: add a step “run: ${name}”, or a condition “wasm: ${name}”.`
}

interface Shown {
  c: Context<ConsoleEnv>
  calls: ConsoleParts['calls']
  render: RenderPage
}

async function showActions({ c, calls, render }: Shown, entered?: { name: string; refusal: Refusal }) {
  const { cursor = '' } = readPageQuery(c, query)
  const [all, stats, uploaders] = await Promise.all([
    calls.listActions(),
    calls.listActionCalls(callStatsDays * dayMs),
    listUploaders(calls),
  ])
  const rest = all.filter(({ name }) => name > cursor)
  const shown = rest.slice(0, pageSize)
  const status = entered?.refusal.status as 400 | undefined
  return render(
    c,
    { title: 'Actions', section: 'actions', styles: ['guests.css'], ...(status && { status }) },
    <>
      {entered ? <RefusedModule refusal={entered.refusal} /> : null}
      {all.length === 0 ? <NoActions /> : <ActionTable actions={shown} stats={stats} uploaders={uploaders} />}
      <Pager url={new URL(c.req.url)} nextCursor={rest.length > pageSize ? (shown.at(-1)?.name ?? null) : null} />
      <UploadCard c={c} name={entered?.name ?? ''} />
    </>,
  )
}

/** By name and version, who uploaded it; of the last uploads that are on record. */
async function listUploaders(calls: ConsoleParts['calls']): Promise<Map<string, string>> {
  const { items } = await calls.listAudit({ limit: uploadsKnown, action: 'action.upload' })
  return new Map(items.reverse().map(({ actor, subjects, detail }) => [`${subjects[0]}/${detail.sha256}`, actor]))
}

const describeUploader = (actor: string | undefined): string => (actor === undefined ? '' : ` by ${actor}`)

function NoActions() {
  return (
    <EmptyState title="There is no action yet">
      <p>
        An action is a small program in a sandbox that reads a mail and says who gets it; a condition says whether a
        route is meant. What a route can say without code needs none.
      </p>
      <p>Upload one below. This is a whole one, in TypeScript:</p>
      <pre>{`export function handle({ mail, recipients }) {\n  return { recipients: [...recipients, 'tim@example.com'], title: mail.subject.trim() }\n}`}</pre>
    </EmptyState>
  )
}

interface ActionTableProps {
  actions: ActionLine[]
  stats: ActionCallStats[]
  uploaders: ReadonlyMap<string, string>
}

function ActionTable({ actions, stats, uploaders }: ActionTableProps) {
  return (
    <DataTable
      caption="Actions and conditions"
      rows={actions}
      columns={[
        {
          title: 'Name',
          look: 'wide',
          cell: ({ name, kinds, routes }) => (
            <>
              <a href={hrefOf(name)} class="row-link">
                {name}
              </a>
              <p class="sub">{describeKinds(kinds)}</p>
              <p class="sub">{routes.length === 0 ? 'no route uses it' : `used by ${listRoutes(routes)}`}</p>
            </>
          ),
        },
        {
          title: 'Active version',
          cell: ({ name, sha256, size_bytes, filename, origin, uploaded_at }) => (
            <>
              <code>{sha256.slice(0, 12)}</code> <span class="dim">{formatSize(size_bytes)}</span>
              <p class="sub">
                {origin === 'config' ? `${filename}, of the config` : `${filename}, uploaded `}
                {origin === 'config' ? null : <Time at={uploaded_at} />}
                {origin === 'config' ? null : describeUploader(uploaders.get(`${name}/${sha256}`))}
              </p>
            </>
          ),
        },
        {
          title: `Last ${callStatsDays} days`,
          cell: ({ name }) => describeCalls(stats.find(({ action }) => action === name) ?? null),
        },
      ]}
    />
  )
}

function listRoutes(routes: string[]): string {
  const [first = '', second, ...others] = routes
  if (second === undefined) return `“${first}”`
  return others.length === 0 ? `“${first}” and “${second}”` : `“${first}” and ${routes.length - 1} more routes`
}

function UploadCard({ c, name }: { c: Context<ConsoleEnv>; name: string }) {
  const isAllowed = mayActAs(c.get('identity'), 'admin')
  return (
    <Card title="Upload an action or condition" id="upload">
      <form method="post" action="/actions" enctype="multipart/form-data" data-upload class="upload">
        <FileField
          name="module"
          label="Module"
          accept=".wasm,.ts,.js"
          required
          hint="A .wasm file, or its source: .ts, .js, or .as.ts for AssemblyScript. At most 8 MB. Choose it, or drop it here."
        />
        <TextField
          name="name"
          label="Name"
          value={name}
          hint="As routes name it. Left empty, it is the file's name. A name that is there gets a new version."
        />
        <button
          type="submit"
          class="button primary"
          disabled={!isAllowed}
          title={isAllowed ? undefined : 'takes the role admin'}
        >
          Check and upload
        </button>
      </form>
      {isAllowed ? null : <p class="note">Uploading takes the role admin.</p>}
    </Card>
  )
}
