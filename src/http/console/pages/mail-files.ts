import { Hono } from 'hono'
import { ApiError } from '../../../domain/errors.js'
import type { ConsoleEnv } from '../console-env.js'
import { disguise } from '../disguise-attachment.js'
import type { MountPage } from './page.js'

/**
 * A mail's HTML may be anybody's: it is shown in a frame without rights, and this policy lets it load nothing but
 * pictures: those it brings along, or those from elsewhere when the reader asked for them. It runs no script, sends no
 * form and goes nowhere (CSP Level 3).
 */
function policyFor(pictures: 'data:' | 'data: https:'): string {
  return `sandbox; default-src 'none'; img-src ${pictures}; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'`
}

/** What a mail brings along, as files: never as part of a page of ours. */
export const mailFiles: MountPage = ({ calls }) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/mails/:id/body.html', async (c) => {
    const html = await calls.readMailHtml(c.req.param('id'))
    const isRemote = c.req.query('pictures') === 'remote'
    if (html === null) throw new ApiError(404, 'not_found', 'This mail has no HTML part.')
    return c.body(withoutConnections(html), 200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policyFor(isRemote ? 'data: https:' : 'data:'),
      'x-dns-prefetch-control': 'off',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    })
  })
  app.get('/mails/:id/attachments/:index{[0-9]{1,4}}', async (c) => {
    const attachment = await calls.readAttachment(c.req.param('id'), Number(c.req.param('index')))
    return c.body(new Uint8Array(attachment.content), 200, disguise(attachment))
  })
  return app
}

/**
 * A browser opens connections for `<link rel=preconnect>`, and for frames even where the policy forbids to load them: no
 * request is made, but the far end learns the reader's address. Such elements become ones without a meaning.
 */
function withoutConnections(html: string): string {
  return html.replace(/<(link|i?frame)(?=[\s/>])/gi, '<un$1')
}
