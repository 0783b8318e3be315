/** What a browser does with pages that have no scripts: keeps cookies, follows nothing by itself, sends forms. */
export interface Browser {
  get: (path: string, headers?: Record<string, string>) => Promise<PageAnswer>
  /** Sends a form as a page of the server itself does; a header given as '' is left out. */
  post: (path: string, fields: Record<string, string>, headers?: Record<string, string>) => Promise<PageAnswer>
  cookies: Map<string, string>
  /** What was set last, with its flags. */
  setCookies: string[]
}

export interface PageAnswer {
  status: number
  text: string
  /** Where it leads, without the host. */
  location: string | null
  headers: Headers
  /** The hidden fields of the page's forms. */
  hidden: Record<string, string>
}

export function openBrowser(url: () => string, standing: Record<string, string> = {}): Browser {
  const cookies = new Map<string, string>()
  const setCookies: string[] = []
  async function ask(path: string, init: RequestInit, headers: Record<string, string>): Promise<PageAnswer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const all = Object.entries({ ...standing, ...(cookie ? { cookie } : {}), ...headers }).filter(([, value]) => value)
    const answer = await fetch(`${url()}${path}`, { ...init, headers: all as [string, string][], redirect: 'manual' })
    const set = answer.headers.getSetCookie()
    if (set.length > 0) setCookies.splice(0, setCookies.length, ...set)
    for (const line of set) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    const text = await answer.text()
    const fields = text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)
    const hidden = Object.fromEntries(Array.from(fields, ([, name = '', value = '']) => [name, value]))
    return { status: answer.status, text, location: answer.headers.get('location'), headers: answer.headers, hidden }
  }
  return {
    cookies,
    setCookies,
    get: (path, headers = {}) => ask(path, { method: 'GET' }, headers),
    post: (path, fields, headers = {}) => {
      const body = new URLSearchParams(fields).toString()
      const own = {
        'content-type': 'application/x-www-form-urlencoded',
        origin: url(),
        'user-agent': 'A "Browser" <1>',
      }
      return ask(path, { method: 'POST', body }, { ...own, ...headers })
    },
  }
}
