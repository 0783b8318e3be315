import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { ApiError } from '../../domain/errors.js'
import type { Logger } from '../../log/logger.js'
import type { Access } from '../identity/access.js'
import { type CallerEnv, requireIdentity } from '../identity/require-identity.js'
import type { ShowPage } from '../identity/show-page.js'
import { openAssets } from './assets.js'
import { createConsole } from './console.js'
import type { ConsoleParts } from './console-env.js'
import { EmptyState } from './elements/card.js'
import { createRenderer, Document, readTheme } from './render-page.js'

export interface OpenConsole {
  /** To be mounted after everything else: what nobody else answers is a page, or nothing. */
  routes: Hono<CallerEnv>
  /** The frame of the pages by which people sign in, and of their account. */
  show: ShowPage
}

/** A job comes with its module and its database, which may have 50 MB. */
const bodyBytesMax = 64_000_000
/** Paths of programs: what is not there is told to them in JSON. */
const programPath = /^\/(?:api|ping|ack|hooks|metrics|livez|readyz)(?:\/|$)/

/** The pages with everything around them: styles and scripts, and nobody gets in who is not known. */
export function openConsole({
  access,
  ...parts
}: ConsoleParts & { access: Pick<Access, 'recognise'>; log: Logger }): OpenConsole {
  const assets = openAssets()
  const render = createRenderer(assets, parts.configTrouble)
  const gate = requireIdentity(access)
  const routes = new Hono<CallerEnv>()
  routes.route('/', assets.routes)
  routes.use((c, next) => (programPath.test(c.req.path) ? next() : gate(c, next)))
  routes.use(bodyLimit({ maxSize: bodyBytesMax, onError: refuseBody }))
  routes.route('/', createConsole(parts, render))
  routes.use(async (c, next) => {
    const isPage = c.req.method === 'GET' && (c.req.header('accept') ?? '').includes('text/html')
    if (!isPage || programPath.test(c.req.path)) return next()
    const text = `There is nothing at ${c.req.path}.`
    return render(
      c,
      { title: 'Not found', section: 'overview', status: 404 },
      <EmptyState title={text}>
        <p>The menu has every page there is.</p>
      </EmptyState>,
    )
  })
  return { routes, show: showIn(assets, render) }
}

function refuseBody(): never {
  throw new ApiError(413, 'too_large', 'What was sent is larger than 64 MB.')
}

/** With the menu where somebody is known, else the page alone. */
function showIn(assets: ReturnType<typeof openAssets>, render: ReturnType<typeof createRenderer>): ShowPage {
  return (c, { title, identity, status = 200 }, content) => {
    if (identity !== null) {
      c.set('identity', identity)
      return render(c, { title, section: 'account', status }, content)
    }
    return c.html(
      <Document assets={assets} theme={readTheme(c)} title={title}>
        <main id="main" class="alone">
          <p class="brand">MailTrigger</p>
          <h1>{title}</h1>
          {content}
        </main>
      </Document>,
      status,
    )
  }
}
