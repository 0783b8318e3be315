import type { Program } from '../../program/start-program.js'

/** A page as it came, and how to go on from it. */
export interface ShownPage {
  status: number
  html: string
  /** What one reads: without tags, entities resolved, white space as one blank. */
  text: string
  /** Where a redirect leads; null for a page. */
  location: string | null
}

export interface ConsoleReader {
  show: (path: string) => Promise<ShownPage>
  /** Sends a form as a browser would without scripts, and shows the page it leads to. */
  send: (path: string, fields: Record<string, string | string[] | File>, from?: string) => Promise<ShownPage>
}

/** Reads the console by a bearer token, which counts for pages as well; by the owner's where none is given. */
export function readConsole(program: Program, token: string = program.app.token): ConsoleReader {
  const base = program.app.http.url
  let cookies = ''
  const call = async (path: string, init: RequestInit): Promise<ShownPage> => {
    const headers = { authorization: `Bearer ${token}`, accept: 'text/html', cookie: cookies, ...init.headers }
    const answer = await fetch(`${base}${path}`, { ...init, headers, redirect: 'manual' })
    // The note of what came of a form travels in a cookie.
    cookies = answer.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0] ?? '')
      .filter((cookie) => !cookie.endsWith('='))
      .join('; ')
    const html = await answer.text()
    return { status: answer.status, html, text: readText(html), location: answer.headers.get('location') }
  }
  const show = (path: string): Promise<ShownPage> => call(path, {})
  return {
    show,
    async send(path, fields, from = path) {
      const isUpload = Object.values(fields).some((value) => value instanceof File)
      const body = isUpload ? new FormData() : new URLSearchParams()
      for (const [name, value] of Object.entries(fields)) {
        if (value instanceof File) (body as FormData).append(name, value, value.name)
        else for (const one of [value].flat()) body.append(name, one)
      }
      const answer = await call(path, { method: 'POST', body, headers: { origin: base, referer: `${base}${from}` } })
      return answer.location === null ? answer : show(answer.location)
    },
  }
}

const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'", '#x27': "'" }

export function readText(html: string): string {
  return html
    .replace(/<(script|style)\b[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(lt|gt|amp|quot|#39|#x27);/g, (_, name: string) => entities[name] ?? '')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Text or an attribute's value, as it was before it was written into a page. */
export function readEntities(html: string): string {
  return html.replace(/&(lt|gt|amp|quot|#39|#x27);/g, (_, name: string) => entities[name] ?? '')
}
