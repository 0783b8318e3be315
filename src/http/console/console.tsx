import { Hono } from 'hono'
import { setCookie } from 'hono/cookie'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { z } from 'zod'
import { ApiError, ConfigError } from '../../domain/errors.js'
import type { Logger } from '../../log/logger.js'
import type { ConsoleEnv, ConsoleParts } from './console-env.js'
import { EmptyState } from './elements/card.js'
import { redirectWith } from './flash.js'
import { pages } from './pages/index.js'
import { readForm } from './read-form.js'
import { type RenderPage, themeCookie, themes } from './render-page.js'

const yearSeconds = 31_536_000

/**
 * The console: pages made on the server, over the same calls as the API. Whoever mounts it makes sure that `identity`
 * is set, and that forms come from our own pages.
 */
export function createConsole(parts: ConsoleParts & { log: Logger }, render: RenderPage): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  for (const mount of pages) app.route('/', mount(parts, render))
  app.post('/theme', async (c) => {
    const { back, theme } = await readForm(c, themeForm)
    setCookie(c, themeCookie, theme, { path: '/', sameSite: 'Strict', maxAge: yearSeconds })
    return c.redirect(back, 303)
  })
  app.onError((error, c) => {
    const told = describeError(error)
    if (told === null) parts.log.error({ path: c.req.path, error: error.stack }, 'a page of the console failed')
    const { status, text, hint } = told ?? {
      status: 500,
      text: 'The server failed at this.',
      hint: 'Its log says why.',
    }
    const from = c.req.method === 'POST' ? ownPath(c.req.header('referer'), c.req.url) : null
    if (from !== null) return redirectWith(c, from, { kind: 'failed', text, hint })
    return render(
      c,
      { title: status === 404 ? 'Not found' : 'Something is wrong', section: 'overview', status },
      <EmptyState title={text}>{hint ? <p>{hint}</p> : null}</EmptyState>,
    )
  })
  return app
}

const themeForm = z.object({
  theme: z.enum(themes),
  /** Only a path of our own: an open redirect would lend our name to somebody's page. */
  back: z
    .string()
    .max(2_000)
    .regex(/^\/(?![/\\])/),
})

interface ToldError {
  status: ContentfulStatusCode
  text: string
  hint: string | null
}

function describeError(error: Error): ToldError | null {
  if (error instanceof ApiError) {
    return { status: error.status as ContentfulStatusCode, text: error.message, hint: error.hint }
  }
  if (error instanceof ConfigError) return { status: 422, text: error.message, hint: error.issues[0]?.hint ?? null }
  return null
}

/** Where a form stood, when that was a page of ours. */
function ownPath(referer: string | undefined, url: string): string | null {
  if (referer === undefined || !URL.canParse(referer)) return null
  const from = new URL(referer)
  return from.host === new URL(url).host ? `${from.pathname}${from.search}` : null
}
