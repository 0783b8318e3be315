import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Hono } from 'hono'

export interface Assets {
  /** The address of a file, with a mark of its content: it may be kept for ever. */
  url: (name: string) => string
  routes: Hono
}

const types: Record<string, string> = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' }
const yearSeconds = 31_536_000

/** Styles and scripts of the console, all from our own origin: the browser is asked to load nothing from elsewhere. */
export function openAssets(): Assets {
  const files = readAssets()
  const routes = new Hono()
  routes.get('/assets/:name', (c) => {
    const file = files.get(c.req.param('name'))
    if (!file) return c.notFound()
    const isThisVersion = c.req.query('v') === file.mark
    const tag = `"${file.mark}"`
    if (c.req.header('if-none-match') === tag) return c.body(null, 304, { etag: tag })
    return c.body(file.bytes, 200, {
      etag: tag,
      'content-type': file.type,
      'cache-control': isThisVersion ? `public, max-age=${yearSeconds}, immutable` : 'no-cache',
      'x-content-type-options': 'nosniff',
    })
  })
  return {
    url(name) {
      const file = files.get(name)
      if (!file) throw new TypeError(`the console has no file ${name}`)
      return `/assets/${name}?v=${file.mark}`
    },
    routes,
  }
}

interface Asset {
  bytes: Uint8Array<ArrayBuffer>
  type: string
  mark: string
}

function readAssets(): Map<string, Asset> {
  const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
  const vendor = (path: string) => fileURLToPath(import.meta.resolve(path))
  const paths = new Map([
    ['htmx.js', vendor('htmx.org/dist/htmx.min.js')],
    ['uplot.js', vendor('uplot/dist/uPlot.iife.min.js')],
    ['uplot.css', vendor('uplot/dist/uPlot.min.css')],
  ])
  for (const folder of ['./client/', './styles/']) {
    for (const name of readdirSync(at(folder))) {
      if (/\.(?:css|js)$/.test(name)) paths.set(name, at(`${folder}${name}`))
    }
  }
  return new Map([...paths].map(([name, path]) => [name, readAsset(name, path)]))
}

function readAsset(name: string, path: string): Asset {
  const bytes = new Uint8Array(readFileSync(path))
  const type = types[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
  return { bytes, type, mark: createHash('sha256').update(bytes).digest('hex').slice(0, 12) }
}
