import { readdirSync, readFileSync, statSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve('src')

/** The floors of the house: a room imports from the floors below it, never from a sibling. */
const floors: Record<string, number> = {
  domain: 0,
  log: 0,
  receive: 1,
  authenticate: 1,
  route: 1,
  enrich: 1,
  channels: 1,
  store: 1,
  wasm: 1,
  llm: 1,
  outbound: 1,
  template: 1,
  thread: 1,
  config: 2,
  act: 2,
  steps: 2,
  deliver: 2,
  follow: 2,
  watch: 2,
  jobs: 2,
  'pipeline.ts': 3,
  'pipeline-loop.ts': 3,
  engine: 4,
  http: 5,
  'version.ts': 0,
  'app.ts': 6,
  cli: 7,
  'main.ts': 8,
}

/** Where each vendor package may be imported. Zod is the schema language and may be anywhere. */
const vendorRooms: Record<string, string> = {
  'smtp-server': 'receive',
  '@zone-eu/mailsplit': 'receive',
  libmime: 'receive',
  'iconv-lite': 'receive',
  'html-to-text': 'receive',
  selfsigned: 'receive',
  mailauth: 'authenticate',
  re2js: 'route',
  grammy: 'channels',
  nodemailer: 'channels',
  mqtt: 'channels',
  'node-cron': 'jobs',
  '@extism/extism': 'wasm',
  esbuild: 'wasm',
  assemblyscript: 'wasm',
  openai: 'llm',
  undici: 'outbound',
  'ipaddr.js': 'outbound',
  'better-sqlite3': 'store',
  'better-sqlite3-13': 'store',
  kysely: 'store',
  yaml: 'config',
  liquidjs: 'template',
  hono: 'http',
  '@hono/node-server': 'http',
  '@hono/zod-openapi': 'http',
  'htmx.org': 'http',
  uplot: 'http',
  'prom-client': 'http',
  commander: 'cli',
  picocolors: 'cli',
  pino: 'log',
  'pino-pretty': 'log',
}
const anywhere = new Set(['zod', 'ulid'])

const files = listFiles(root)
const imports = files.flatMap((file) => readImports(file).map((target) => ({ file: relative(root, file), target })))

describe('the architecture', () => {
  it('has a floor for every room', () => {
    const rooms = new Set(files.map((file) => roomOf(relative(root, file))))
    expect([...rooms].filter((room) => !(room in floors))).toEqual([])
  })

  it('imports downwards only, and no sibling room', () => {
    const wrong = imports.filter(({ file, target }) => {
      if (!target.startsWith('.')) return false
      const from = roomOf(file)
      const to = roomOf(relative(root, resolve(root, dirname(file), target)).replace(/\.js$/, '.ts'))
      if (from === to || (from === 'pipeline-loop.ts' && to === 'pipeline.ts')) return false
      return (floors[to] ?? 99) >= (floors[from] ?? -1)
    })
    expect(wrong).toEqual([])
  })

  it('has no import cycle', () => {
    expect(findCycle()).toEqual([])
  })

  it('imports a vendor package in one room only', () => {
    const wrong = imports.filter(({ file, target }) => {
      if (target.startsWith('.') || target.startsWith('node:') || builtinModules.includes(target)) return false
      const name = packageOf(target)
      if (anywhere.has(name)) return false
      // The composition of errors: main.ts tells commander's errors from its own.
      if (file === 'main.ts' && name === 'commander') return false
      return vendorRooms[name] !== roomOf(file)
    })
    expect(wrong.filter(({ file }) => !file.startsWith('wasm/engine/'))).toEqual([])
  })

  it('keeps files readable: none over 350 lines', () => {
    const long = files.filter((file) => readFileSync(file, 'utf8').split('\n').length > 351)
    expect(long.map((file) => relative(root, file))).toEqual([])
  })

  it.each(['ARCHITECTURE.md', 'CONTRIBUTING.md'])('names only what exists in %s', (page) => {
    const text = readFileSync(page, 'utf8')
    const named = [...text.matchAll(/`((?:src|test|bench|fixtures|wasm-actions|deploy|docs)\/[\w./-]*)`/g)].map(
      ([, path]) => path ?? '',
    )
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter((path) => statSync(path, { throwIfNoEntry: false }) === undefined)).toEqual([])
  })
})

function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return listFiles(path)
    return /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts') ? [path] : []
  })
}

function roomOf(file: string): string {
  return file.split('/')[0] ?? file
}

function packageOf(target: string): string {
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/')
}

function readImports(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const found = text.matchAll(
    /^(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm,
  )
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

/** One cycle of files, type-only imports left out because they vanish at run time; empty when there is none. */
function findCycle(): string[] {
  const graph = new Map<string, string[]>()
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    const targets = [...text.matchAll(/^(?:import|export)\s(?!type\s)[^'"]*?from\s*['"](\.[^'"]+)['"]/gm)]
    graph.set(
      file,
      targets.map((match) => resolve(dirname(file), (match[1] ?? '').replace(/\.js$/, '.ts'))),
    )
  }
  const done = new Set<string>()
  const visit = (file: string, path: string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return []
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next, [...path, file])
      if (cycle.length > 0) return cycle
    }
    done.add(file)
    return []
  }
  for (const file of files) {
    const cycle = visit(file, [])
    if (cycle.length > 0) return cycle.map((one) => relative(root, one))
  }
  return []
}
