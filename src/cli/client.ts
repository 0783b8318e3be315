import { existsSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { ConfigError, type ConfigIssue } from '../domain/errors.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { dataFolder, findConfig } from './find-files.js'

const timeoutMs = 30_000
/** URLs drop such segments, also when they are encoded (WHATWG URL, section 4.4): something else would be meant. */
const climbs = /\/(?:\.|%2e){1,2}(?=[/?#]|$)/i

/** The running server, as commands see it. */
export interface Client {
  url: string
  get: <Answer>(path: string, query?: Record<string, string | number | boolean | undefined>) => Promise<Answer>
  post: <Answer>(path: string, body?: unknown) => Promise<Answer>
  patch: <Answer>(path: string, body: unknown) => Promise<Answer>
  del: <Answer>(path: string) => Promise<Answer>
  /** The answer itself, for bodies that are not JSON or do not end. */
  open: (path: string, init?: RequestInit) => Promise<Response>
}

/** Finds the server by `--server` and `--token-file`, else by the file it leaves in its data folder. */
export async function connect(cli: Cli): Promise<Client> {
  const { url, token } = await findServer(cli)
  const actor = nameActor()
  const open = async (path: string, init: RequestInit = {}): Promise<Response> => {
    if (climbs.test(path)) throw new CliExit(exitCodes.usage, '"." and ".." are no names')
    const headers = { authorization: `Bearer ${token}`, 'x-mailtrigger-actor': actor, ...init.headers }
    const answer = await fetch(`${url}/api/v1${path}`, { ...init, headers, redirect: 'manual' }).catch(
      (error: unknown) => {
        if (cli.signal.aborted) throw new CliExit(exitCodes.interrupted, 'interrupted')
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
        throw new CliExit(
          exitCodes.unreachable,
          `no server answers at ${url}: ${cause}`,
          'mailtrigger serve starts one',
        )
      },
    )
    if (!answer.ok) throw await toExit(answer)
    return answer
  }
  const call = async <Answer>(path: string, init: RequestInit): Promise<Answer> => {
    const signal = AbortSignal.any([cli.signal, AbortSignal.timeout(timeoutMs)])
    return (await (await open(path, { ...init, signal })).json()) as Answer
  }
  return {
    url,
    open,
    get: (path, query = {}) => call(`${path}${toQuery(query)}`, { method: 'GET' }),
    post: (path, body = {}) =>
      call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    patch: (path, body) =>
      call(path, { method: 'PATCH', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    del: (path) => call(path, { method: 'DELETE' }),
  }
}

/** Who is recorded to have changed something. */
function nameActor(): string {
  return `cli:${readUserName()
    .replaceAll(/[^\x21-\x7e]/g, '?')
    .slice(0, 60)}`
}

/** In a container the user may have a number and no name. */
function readUserName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

function toQuery(query: Record<string, string | number | boolean | undefined>): string {
  const given = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.set(key, String(value))
  return given.size > 0 ? `?${given}` : ''
}

interface ErrorBody {
  error?: { message: string; hint: string | null; issues?: ConfigIssue[] }
}

async function toExit(answer: Response): Promise<CliExit | ConfigError> {
  const body = (await answer.json().catch(() => null)) as ErrorBody | null
  if (body?.error?.issues) return new ConfigError(body.error.issues)
  const message = body?.error?.message ?? `the server answered ${answer.status}`
  const hint = body?.error?.hint ?? null
  if (answer.status === 401 || answer.status === 403) return new CliExit(exitCodes.auth, message, hint)
  if (answer.status === 404) return new CliExit(exitCodes.notFound, message, hint)
  return new CliExit(exitCodes.failed, message, hint)
}

async function findServer(cli: Cli): Promise<{ url: string; token: string }> {
  const { server, tokenFile } = cli.options
  const url = server ?? cli.env.MAILTRIGGER_URL
  if (url) {
    const token = cli.env.MAILTRIGGER_TOKEN ?? readToken(tokenFile ?? join(await serverDataFolder(cli), 'token'))
    return { url: url.replace(/\/+$/, ''), token }
  }
  const folder = await serverDataFolder(cli)
  const file = join(folder, 'runtime.json')
  if (!existsSync(file)) {
    const hint = 'mailtrigger serve starts one; --data or --server says where it is'
    throw new CliExit(exitCodes.unreachable, `no server is running on ${folder}`, hint)
  }
  const runtime = JSON.parse(readFileSync(file, 'utf8')) as { url: string; token: string }
  return { url: runtime.url, token: tokenFile ? readToken(tokenFile) : runtime.token }
}

function readToken(file: string): string {
  if (!existsSync(file)) throw new CliExit(exitCodes.auth, `there is no token in ${file}`, '--token-file names another')
  return readFileSync(file, 'utf8').trim()
}

/** The data folder of the server: a config may name another than the usual one. */
export async function serverDataFolder(cli: Cli): Promise<string> {
  const usual = dataFolder(cli)
  const config = findConfig(cli)
  if (cli.options.data || cli.env.MAILTRIGGER_DATA || !config) return usual
  // Reading the config takes longer than most questions; a server that runs on the usual folder needs no asking.
  if (!cli.options.config && isRunningOn(usual)) return usual
  const { anyInStore, loadCheckedConfig } = await import('../engine/load-config.js')
  const { configSource } = await import('./config-source.js')
  const loaded = await loadCheckedConfig(configSource(cli, config), anyInStore).catch(() => null)
  return loaded?.config.server.dataFolder ?? usual
}

function isRunningOn(folder: string): boolean {
  try {
    const { pid } = JSON.parse(readFileSync(join(folder, 'runtime.json'), 'utf8')) as { pid: number }
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
