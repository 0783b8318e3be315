/**
 * What a script finds around itself inside the engine. Runs in QuickJS, before the author's code, as part of every
 * bundle: no Node.js, no DOM. The gateway never imports this file.
 */
export {}

type Host = (operation: number, text?: string) => string | number | undefined
interface EngineGlobals {
  __host?: Host
  __guest?: Record<string, unknown>
  __call?: (name: string) => void
  __settle?: () => void
  __serve?: () => void
  __fail?: (error: unknown) => void
  console?: object
  mailtrigger?: object
}

/** The numbers are the indices of glue.wat's table. */
const operations = {
  input: 0,
  output: 1,
  error: 2,
  logTrace: 3,
  logDebug: 4,
  logInfo: 5,
  logWarn: 6,
  logError: 7,
  random: 8,
  config: 9,
  dbQuery: 10,
  dbExec: 11,
  mailSearch: 12,
  mailGet: 13,
  peopleGet: 14,
  http: 15,
  notify: 16,
}
const handlerNames = ['handle', 'match', 'run']

const engine = globalThis as unknown as EngineGlobals
const host = engine.__host as Host
delete engine.__host

// The engine's own generator was seeded when the module was built and would give every call the same numbers.
Math.random = () => Number(host(operations.random))

const writeLog =
  (operation: number) =>
  (...values: unknown[]): void => {
    host(operation, values.map(describe).join(' '))
  }
engine.console = {
  trace: writeLog(operations.logTrace),
  debug: writeLog(operations.logDebug),
  log: writeLog(operations.logInfo),
  info: writeLog(operations.logInfo),
  warn: writeLog(operations.logWarn),
  error: writeLog(operations.logError),
}

const ask =
  (operation: number) =>
  (...parameters: unknown[]): unknown => {
    const answer = JSON.parse(String(host(operation, JSON.stringify(parameters))))
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer.ok
  }
engine.mailtrigger = {
  config: (key: string) => host(operations.config, key),
  db: {
    query: (sql: string, parameters: unknown = []) => ask(operations.dbQuery)(sql, parameters),
    exec: (sql: string, parameters: unknown = []) => ask(operations.dbExec)(sql, parameters),
  },
  mail: { search: ask(operations.mailSearch), get: ask(operations.mailGet) },
  people: { get: ask(operations.peopleGet) },
  http: ask(operations.http),
  notify: ask(operations.notify),
}

let pending: string | null = null

engine.__call = (name) => {
  pending = name
  try {
    const handler = engine.__guest?.[name] as (input: unknown) => unknown
    const result = handler(JSON.parse(String(host(operations.input)) || 'null'))
    if (isPromiseLike(result)) result.then(finish, fail)
    else finish(result)
  } catch (error) {
    fail(error)
  }
}

engine.__settle = () => {
  if (pending !== null) host(operations.error, `${pending} returned a promise that never settles`)
}

/** At build time: tells the builder that loading failed. */
engine.__fail = fail

/** At build time: tells the builder which handlers the module exports. */
engine.__serve = () => {
  const names = handlerNames.filter((name) => typeof engine.__guest?.[name] === 'function')
  host(operations.output, JSON.stringify(names))
}

function finish(result: unknown): void {
  pending = null
  host(operations.output, JSON.stringify(result === undefined ? {} : result))
}

function fail(error: unknown): void {
  pending = null
  host(
    operations.error,
    error instanceof Error ? `${error.name}: ${error.message}\n${error.stack ?? ''}` : `thrown: ${describe(error)}`,
  )
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Error) return `${value.name}: ${value.message}`
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
