import { type Context, Hono } from 'hono'
import type { Child } from 'hono/jsx'
import { z } from 'zod'
import { ConfigError } from '../../../domain/errors.js'
import { mayActAs } from '../../../domain/identity.js'
import type { ConfigState } from '../../../engine/config-calls.js'
import type { ConfigLoadLine } from '../../../store/config-store.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { countOf } from '../count-of.js'
import { ActionButton } from '../elements/action-button.js'
import { Facts } from '../elements/card.js'
import { Tabs } from '../elements/tabs.js'
import { Time } from '../elements/time.js'
import { done, redirectWith } from '../flash.js'
import { readPageQuery } from '../read-form.js'
import type { RenderPage } from '../render-page.js'
import { ConfigText, History, Variables, WarningList, WhatIsWrong } from './config-views.js'
import type { MountPage } from './page.js'

const historyPageSize = 15
const filesShownMax = 12
const query = z.object({
  from: z.coerce.number().int().min(0).max(100_000_000).default(0).catch(0),
  cursor: z.string().max(64).optional(),
})

interface ViewParts {
  c: Context<ConsoleEnv>
  calls: ConsoleParts['calls']
  state: ConfigState
  /** The last time that the config was read, and how that ended. */
  last: ConfigLoadLine | null
}

/** The config in force: what it says as it works, where it comes from, and how it was read. */
export const configPages: MountPage = (parts, render) => {
  const app = new Hono<ConsoleEnv>()
  const show = showConfig(parts, render)
  app.get('/config', (c) => show(c, 'config', textView))
  app.get('/config/variables', (c) => show(c, 'variables', ({ state }) => <Variables state={state} />))
  app.get('/config/warnings', (c) => show(c, 'warnings', warningsView))
  app.get('/config/history', (c) => show(c, 'history', historyView))
  app.post('/config/reload', async (c) => {
    const actor = actAs(c, 'admin')
    const before = (await parts.calls.info()).hash
    try {
      const { hash, routes } = await parts.reload(actor)
      const now = hash === before ? `It is the same as before: ${hash}` : `${hash} is in force now`
      return done(c, '/config', `The config was read again. ${now}, with ${countOf(routes, 'route')}.`)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      const errors = error.issues.filter(({ severity }) => severity === 'error').length
      const text = `The config on disk has ${countOf(errors, 'error')}; ${before} stays in force.`
      return redirectWith(c, '/config', { kind: 'failed', text, hint: 'Mend what stands below, and reload again.' })
    }
  })
  return app
}

function showConfig({ calls, configTrouble }: ConsoleParts, render: RenderPage) {
  return async (
    c: Context<ConsoleEnv>,
    tab: string,
    view: (parts: ViewParts) => Promise<Child> | Child,
  ): Promise<Response> => {
    const [state, loads] = await Promise.all([calls.readConfigState(), calls.listConfigLoads({ limit: 1 })])
    const last = loads.items[0] ?? null
    const isBroken = configTrouble() !== null && last?.hash === null
    const frame = {
      title: 'Config',
      section: 'config' as const,
      styles: ['routing.css'],
      actions: <ActionButton c={c} action="/config/reload" label="Reload" icon="replay" needs="admin" look="primary" />,
    }
    return render(
      c,
      frame,
      <div id="config" data-live={tab === 'config' ? 'config' : undefined}>
        {isBroken ? <WhatIsWrong load={last} showsFrames={seesLines(c)} /> : null}
        <StateFacts state={state} isBroken={isBroken} />
        <Tabs label="Views of the config" current={tab} tabs={listTabs(state)} />
        {await view({ c, calls, state, last })}
      </div>,
    )
  }
}

function StateFacts({ state, isBroken }: { state: ConfigState; isBroken: boolean }) {
  const { hash, files, routes, changed } = state
  const left = files.length - filesShownMax
  const disk = isBroken
    ? 'invalid, and not in force'
    : changed
      ? 'changed since it was loaded: reload to take it over'
      : 'what is in force'
  return (
    <Facts
      facts={[
        ['In force', <code>{hash}</code>],
        ['On disk', disk],
        ['Routes', <a href="/routes">{routes}</a>],
        [
          files.length === 1 ? 'File' : 'Files',
          files.length === 0 ? (
            'none: the defaults hold, and no route'
          ) : (
            <>
              {files.slice(0, filesShownMax).map((file, index) => (
                <>
                  {index > 0 ? ', ' : ''}
                  <code>{file}</code>
                </>
              ))}
              {left > 0 ? ` and ${left} more` : ''}
            </>
          ),
        ],
      ]}
    />
  )
}

function listTabs({ variables, warnings }: ConfigState) {
  return [
    { id: 'config', label: 'In force', href: '/config' },
    { id: 'warnings', label: 'Warnings', href: '/config/warnings', count: warnings.length },
    { id: 'variables', label: 'Variables', href: '/config/variables', count: variables?.length ?? 0 },
    { id: 'history', label: 'History', href: '/config/history' },
  ]
}

async function textView({ c, calls, last }: ViewParts): Promise<Child> {
  const { from } = readPageQuery(c, query)
  const text = await calls.readConfigText()
  return (
    <>
      <p class="dim">
        As it works: defaults filled in, and every secret shown as •••.{' '}
        {last?.hash ? (
          <>
            Read <Time at={last.at} /> by {last.actor}.
          </>
        ) : null}{' '}
        <a href="/api/v1/config?format=yaml">As a file</a>
      </p>
      <ConfigText text={text} from={from} />
    </>
  )
}

function warningsView({ c, state }: ViewParts): Child {
  const { from } = readPageQuery(c, query)
  return <WarningList warnings={state.warnings} from={from} showsFrames={seesLines(c)} />
}

async function historyView({ c, calls }: ViewParts): Promise<Child> {
  const { cursor } = readPageQuery(c, query)
  const page = await calls.listConfigLoads({ limit: historyPageSize, ...(cursor ? { cursor } : {}) })
  return <History page={page} url={new URL(c.req.url)} showsFrames={seesLines(c)} />
}

/** Lines of the files stand as they are in a code frame: they are for who may act. */
function seesLines(c: Context<ConsoleEnv>): boolean {
  return mayActAs(c.get('identity'), 'operator')
}
