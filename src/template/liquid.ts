import { Liquid, LiquidError, type Template as LiquidTemplate } from 'liquidjs'

const textSizeMax = 65_536
const renderMsMax = 200
/** Liquid counts characters and list items, so this is about a megabyte of text. */
const renderMemoryMax = 1_000_000
/** Four times the longest text of a mail. Liquid does not count what is put out, only what filters and tags make. */
const outputLengthMax = 4_000_000
const slugLengthMax = 100

/** A compiled template. Opaque: only `renderTemplate` looks inside. */
export interface Template {
  readonly text: string
  readonly parsed: LiquidTemplate[]
}

/** A template that cannot be compiled or rendered. Line and column count from 1 within the template's own text. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  readonly line: number
  readonly column: number
  constructor(message: string, line: number, column: number, options?: ErrorOptions) {
    super(message, options)
    this.line = line
    this.column = column
  }
}

/**
 * Compiles a Liquid text (https://shopify.github.io/liquid/). An unknown filter or tag, and a text over 64 kB, throw
 * `TemplateError`; an unknown variable is no error, because what a mail has is only known later.
 */
export function compileTemplate(text: string): Template {
  if (text.length > textSizeMax) {
    throw new TemplateError(`the template is longer than ${textSizeMax} characters`, 1, 1)
  }
  try {
    return { text, parsed: engine.parse(text) }
  } catch (error) {
    throw templateErrorFrom(error)
  }
}

/**
 * Renders within 200 ms, about a megabyte, and 4 million characters of output, or throws `TemplateError`. An unknown
 * variable renders as nothing; only own properties of the scope are reachable, and no template can read a file.
 */
export async function renderTemplate(template: Template, scope: Record<string, unknown>): Promise<string> {
  try {
    const rendered = String(await engine.render(template.parsed, scope))
    if (rendered.length <= outputLengthMax) return rendered
  } catch (error) {
    throw templateErrorFrom(error)
  }
  throw new TemplateError(`the template makes more than ${outputLengthMax} characters`, 1, 1)
}

/** Compiles and renders in one. A text without markup is returned as it is, and no scope is made for it. */
export async function renderOver(text: string, scope: () => Record<string, unknown>): Promise<string> {
  if (!text.includes('{{') && !text.includes('{%')) return text
  return renderTemplate(compileTemplate(text), scope())
}

/** Never changed after it was made, so that it is a constant like a compiled pattern. */
const engine = createEngine()

function createEngine(): Liquid {
  const liquid = new Liquid({
    strictFilters: true,
    strictVariables: false,
    ownPropertyOnly: true,
    // An empty set of partials takes the place of the file system.
    templates: {},
    parseLimit: textSizeMax,
    renderLimit: renderMsMax,
    memoryLimit: renderMemoryMax,
  })
  // Tags that name other files have no meaning here: unknown at compile time is better than failing on the first mail.
  for (const tag of ['include', 'render', 'layout', 'block']) delete liquid.tags[tag]
  liquid.registerFilter('first_line', firstLine)
  liquid.registerFilter('slug', slugOf)
  return liquid
}

/** The first line that is not blank, without the space around it. */
function firstLine(value: unknown): string {
  const text = textOf(value)
  const start = text.search(/\S/)
  if (start < 0) return ''
  const end = text.indexOf('\n', start)
  return text.slice(start, end < 0 ? undefined : end).trim()
}

/** Lower-case words joined by hyphens, for fingerprints and keys: `Disk /dev/sda1 full` becomes `disk-dev-sda1-full`. */
function slugOf(value: unknown): string {
  const words = textOf(value)
    .slice(0, 1_000)
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu)
  return (words ?? []).join('-').slice(0, slugLengthMax).replace(/-$/, '')
}

/** Lists are joined by commas; maps, and Liquid's own `empty` and `blank`, have no text. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' && !Array.isArray(value) ? '' : String(value)
}

function templateErrorFrom(error: unknown): unknown {
  if (!LiquidError.is(error)) return error
  const [line, column] = error.token.getPosition()
  const message = error.message.replace(/(?:, file:.*)?, line:\d+, col:\d+$/s, '')
  return new TemplateError(message, line ?? 1, column ?? 1, { cause: error })
}
