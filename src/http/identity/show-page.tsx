import type { Context } from 'hono'
import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Identity } from '../../domain/identity.js'

/** Puts the content of a page into its frame. `identity` is null where nobody is known yet. */
export type ShowPage = (
  c: Context,
  frame: { title: string; identity: Identity | null; status?: ContentfulStatusCode },
  content: Child,
) => Response | Promise<Response>

const doctype = raw('<!DOCTYPE html>')

/** A frame that loads nothing. */
export const showPlainPage: ShowPage = (c, { title, status }, content) =>
  c.html(
    <>
      {doctype}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="robots" content="noindex, nofollow" />
          <title>{`${title} · MailTrigger`}</title>
        </head>
        <body>
          <main>
            <h1>{title}</h1>
            {content}
          </main>
        </body>
      </html>
    </>,
    status ?? 200,
  )
