import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type GuestTrial, tryGuest } from '../act/try-guest.js'
import type { Attachment, RawMail } from '../domain/mail.js'
import { parseDuration } from '../domain/units.js'
import type { WasmHost } from '../domain/wasm.js'
import { parseMail } from '../receive/mime/parse.js'
import { nameOfFile, withSandbox } from './build-module.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { connect } from './client.js'
import { printTrial } from './print-actions.js'
import { readMailFile } from './read-mail-file.js'
import { loadFile } from './uploaded-actions.js'

export interface RunOptions {
  mail: string
  recipients?: string
  from?: string
  attach?: string[]
  timeout: string
  allowHost?: string[]
}

/** Processes whose guests may call the hosts named by --allow-host. */
const guestEntry = new URL('../act/guest-child.js', import.meta.url)
const network = { denyPrivate: false, allow: [], deny: [] }

/** Tries a file without a server, or a name on the server. Exits 1 when the guest fails. */
export async function runAction(cli: Cli, target: string, options: RunOptions): Promise<void> {
  const envelope = {
    ...(options.from === undefined ? {} : { from: options.from }),
    ...(options.recipients === undefined ? {} : { to: splitList(options.recipients) }),
  }
  const raw = await readMailFile(options.mail, envelope, Date.now())
  const isFile = existsSync(target) || /\.(?:wasm|[cm]?[jt]s)$/.test(target)
  const trial = isFile ? await tryFile(cli, target, raw, options) : await tryOnServer(cli, target, raw, options)
  cli.show(trial, () => printTrial(target, trial, cli))
  if (trial.error) throw new CliExit(exitCodes.failed, '')
}

async function tryFile(cli: Cli, path: string, raw: RawMail, options: RunOptions): Promise<GuestTrial> {
  if (!existsSync(path)) throw new CliExit(exitCodes.notFound, `there is no file ${path}`)
  const timeoutMs = parseDuration(options.timeout)
  if (!timeoutMs) throw new CliExit(exitCodes.usage, `--timeout takes a duration like 1s, not "${options.timeout}"`)
  const allowHosts = (options.allowHost ?? []).map((host) => host.toLowerCase())
  const action = { name: nameOfFile(path), config: readConfig(cli.options.config ?? []), timeoutMs, allowHosts }
  const attached = (options.attach ?? []).map(readAttachment)
  const mail = await parseMail(raw)
  const recipients = raw.envelope.to.map((address) => address.toLowerCase())
  const attempt = async (host: WasmHost): Promise<GuestTrial> => {
    const module = await loadFile(host, path)
    if (!module.kinds.includes('action') && !module.kinds.includes('condition')) {
      throw new CliExit(exitCodes.failed, `${basename(path)} exports neither "handle" nor "match"`)
    }
    return tryGuest({ host }, { action, module, mail, recipients, attached }, cli.signal)
  }
  return withSandbox(attempt, { http: { entry: guestEntry, network: () => network } })
}

async function tryOnServer(cli: Cli, name: string, raw: RawMail, options: RunOptions): Promise<GuestTrial> {
  const client = await connect(cli)
  const { from, to } = raw.envelope
  const query = new URLSearchParams({ from, to: to.join(','), attach: (options.attach ?? []).join(',') })
  const init = { method: 'POST', body: new Uint8Array(raw.raw), signal: cli.signal }
  return (await (await client.open(`/actions/${encodeURIComponent(name)}/try?${query}`, init)).json()) as GuestTrial
}

function readAttachment(path: string): Attachment {
  if (!existsSync(path)) throw new CliExit(exitCodes.notFound, `there is no file ${path}`)
  const content = new Uint8Array(readFileSync(path))
  const contentType = path.endsWith('.json') ? 'application/json' : 'text/plain'
  return { filename: basename(path), contentType, sizeBytes: content.byteLength, content }
}

/** `--config` is an option of the whole program, which elsewhere names a routes file; a file that is tried needs none. */
function readConfig(given: string[]): Record<string, unknown> {
  const config: Record<string, unknown> = {}
  for (const entry of given) {
    const [, key, text = ''] = /^([^=]+)=(.*)$/s.exec(entry) ?? []
    if (!key) throw new CliExit(exitCodes.usage, `--config takes KEY=VALUE, not "${entry}"`)
    config[key] = readValue(text)
  }
  return config
}

/** `5` is a number and `[1]` a list, as they would be in the config; whatever is no JSON is a text. */
function readValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
}
