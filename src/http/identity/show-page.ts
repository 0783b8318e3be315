import type { Context } from 'hono'
import type { Child } from 'hono/jsx'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Identity } from '../../domain/identity.js'

/** Puts the content of a page into its frame. `identity` is null where nobody is known yet. */
export type ShowPage = (
  c: Context,
  frame: { title: string; identity: Identity | null; status?: ContentfulStatusCode },
  content: Child,
) => Response | Promise<Response>
