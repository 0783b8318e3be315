import { pages } from '#src/http/console/pages/index.js'
import type { MountPage } from '#src/http/console/pages/page.js'
import type { Program } from '../../program/start-program.js'
import { type ConsoleReader, readEntities } from './console-fixture.js'

/** A form as the page has it, as far as a browser without scripts would send it. */
export interface FoundForm {
  method: string
  action: string
  fields: Record<string, string>
}

export interface FoundPage {
  path: string
  /** The page's address with `:id` and the like, as the console mounts it; null for what it does not serve. */
  pattern: string | null
  status: number
  htmlBytes: number
  forms: FoundForm[]
  /** The page on which the first link to it stands. */
  linkedFrom: string
}

const pagesMax = 400
/** So many pages that differ by a name or an id only. */
const pagesPerShapeMax = 4

export interface ConsoleRoute {
  method: string
  path: string
  isPath: (path: string) => boolean
}

/** What the console serves, by method and path. */
export function listConsoleRoutes(program: Program): ConsoleRoute[] {
  const parts = { calls: program.app.calls } as Parameters<MountPage>[0]
  const mounted = pages.flatMap((mount) => mount(parts, () => new Response()).routes)
  return [...mounted, { method: 'POST', path: '/theme' }].map(({ method, path }) => {
    const shape = new RegExp(`^${path.replace(/:\w+(\{[^/]*\})?/g, '[^/]+')}$`)
    return { method, path, isPath: (given) => shape.test(given) }
  })
}

/** Follows the links of the console from these pages on, a few of each shape, and tells what is there. */
export async function crawlConsole(program: Program, reader: ConsoleReader, from: string[]): Promise<FoundPage[]> {
  const routes = listConsoleRoutes(program).filter(({ method }) => method === 'GET')
  const patternOf = (path: string): string | null => routes.find(({ isPath }) => isPath(path))?.path ?? null
  const waiting = from.map((path) => ({ path, linkedFrom: 'the start' }))
  const seen = new Set(from)
  const countByShape = new Map<string, number>()
  const found: FoundPage[] = []
  for (const { path, linkedFrom } of waiting) {
    if (found.length >= pagesMax) break
    const { status, html } = await reader.show(path)
    const pattern = patternOf(pathOf(path))
    const isPage = html.startsWith('<!DOCTYPE html>')
    const forms = isPage ? findForms(html) : []
    found.push({ path, pattern, status, htmlBytes: Buffer.byteLength(html), forms, linkedFrom })
    for (const link of isPage ? findLinks(html, path) : []) {
      const shape = shapeOf(link, patternOf(pathOf(link)))
      const count = countByShape.get(shape) ?? 0
      if (seen.has(link) || count >= pagesPerShapeMax) continue
      seen.add(link)
      countByShape.set(shape, count + 1)
      waiting.push({ path: link, linkedFrom: path })
    }
  }
  return found
}

const pathOf = (path: string): string => new URL(path, 'http://console').pathname

function shapeOf(link: string, pattern: string | null): string {
  const { pathname, searchParams } = new URL(link, 'http://console')
  const words = pathname.replace(/[0-9A-HJKMNP-TV-Z]{26}/g, ':id')
  return `${pattern ?? words}?${[...searchParams.keys()].join('&')}`
}

/** Links that lead somewhere on this server, from the page's own address. */
function findLinks(html: string, path: string): string[] {
  const hrefs = [...html.matchAll(/<(?:a|iframe)\b[^>]*?\s(?:href|src)="([^"]*)"/g)].map(([, href]) =>
    readEntities(href ?? ''),
  )
  return hrefs.flatMap((href) => {
    const url = new URL(href, `http://console${path}`)
    if (url.host !== 'console' || url.pathname.startsWith('/assets/') || href.startsWith('#')) return []
    return [`${url.pathname}${url.search}`]
  })
}

export function findForms(html: string): FoundForm[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head = '', body = '']) => ({
    method: attributeOf(head, 'method') || 'get',
    action: attributeOf(head, 'action'),
    fields: Object.fromEntries([
      ...inputsOf(body),
      ...[...body.matchAll(/<textarea\b([^>]*)>([\s\S]*?)<\/textarea>/g)].map(([, tag = '', text = '']) => [
        attributeOf(tag, 'name'),
        readEntities(text),
      ]),
      ...[...body.matchAll(/<select\b([^>]*)>([\s\S]*?)<\/select>/g)].map(([, tag = '', options = '']) => [
        attributeOf(tag, 'name'),
        chosenOf(options),
      ]),
    ]),
  }))
}

function inputsOf(body: string): [string, string][] {
  const inputs = [...body.matchAll(/<input\b([^>]*)>/g)].map(([, tag = '']) => tag)
  const isSent = (tag: string): boolean => {
    const type = attributeOf(tag, 'type')
    if (attributeOf(tag, 'name') === '' || type === 'file' || type === 'submit') return false
    return (type !== 'checkbox' && type !== 'radio') || /\schecked(?=[\s/=]|$)/.test(tag)
  }
  return inputs.filter(isSent).map((tag) => [attributeOf(tag, 'name'), attributeOf(tag, 'value')])
}

/** The chosen option of a select, or its first. */
function chosenOf(options: string): string {
  const all = [...options.matchAll(/<option\b([^>]*)>([^<]*)/g)]
  const [, tag = '', text = ''] = all.find(([, one = '']) => /\sselected(?=[\s/=]|$)/.test(one)) ?? all[0] ?? []
  return /\svalue="/.test(tag) ? attributeOf(tag, 'value') : readEntities(text)
}

function attributeOf(tag: string, name: string): string {
  return readEntities(new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '')
}
