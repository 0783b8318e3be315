import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { ConfigError } from '../domain/errors.js'
import { type Finding, ok } from '../domain/finding.js'
import { examineDatabase } from '../engine/database-check.js'
import { type Diagnosis, listUrls } from '../engine/doctor-calls.js'
import { closeFolder, examineCertificate, examineDisk, examineFolder, examineNames } from '../engine/examine-machine.js'
import { anyInStore, loadCheckedConfig } from '../engine/load-config.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { type Client, connect, serverDataFolder } from './client.js'
import { configSource } from './config-source.js'
import { findConfig } from './find-files.js'
import { countOf } from './print-table.js'

interface DoctorOptions {
  fix?: boolean
  database?: boolean
}

const pollMs = 500
const pollsMax = 2 * 60 * 20

export function addDoctor(program: Command, cli: () => Cli): void {
  program
    .command('doctor')
    .description('what is wrong with the server, or with what it would start on; exit 1 when something is bad')
    .option('--fix', 'mend what can be mended without asking: who may read the data folder')
    .option('--database', 'look at the whole database, which may take minutes (done anyway when no server runs)')
    .action((options: DoctorOptions) => runDoctor(cli(), options))
}

async function runDoctor(cli: Cli, options: DoctorOptions): Promise<void> {
  const client = await connect(cli).catch((error: unknown) => {
    // A server elsewhere that does not answer is the trouble itself.
    if (cli.options.server || cli.env.MAILTRIGGER_URL || !isUnreachable(error)) throw error
    return null
  })
  const findings = client ? await askServer(cli, client, options) : await examineHere(cli, options)
  cli.show({ server: client !== null, findings }, () =>
    findings.map((finding) => printFinding(finding, cli)).join('\n'),
  )
  if (findings.some(({ state }) => state === 'bad')) throw new CliExit(exitCodes.failed, '')
}

function isUnreachable(error: unknown): boolean {
  return error instanceof CliExit && error.code === exitCodes.unreachable
}

async function askServer(cli: Cli, client: Client, { fix, database }: DoctorOptions): Promise<Finding[]> {
  const running = { ...ok('server', `answers at ${client.url}`) }
  if (fix) {
    const { files } = await client.post<{ files: number }>('/doctor/fix')
    cli.say(`mended: ${countOf(files, 'file')}`)
  }
  let diagnosis = database ? await client.post<Diagnosis>('/doctor/database') : await client.get<Diagnosis>('/doctor')
  for (let polls = 0; database && diagnosis.is_running && polls < pollsMax; polls++) {
    await sleep(pollMs, undefined, { signal: cli.signal }).catch(() => {
      throw new CliExit(exitCodes.interrupted, 'interrupted; the server goes on looking')
    })
    diagnosis = await client.get<Diagnosis>('/doctor')
  }
  return [running, ...diagnosis.findings]
}

/** No server runs: what it would start on is looked at. */
async function examineHere(cli: Cli, { fix }: DoctorOptions): Promise<Finding[]> {
  const hint = 'mailtrigger serve starts one'
  const findings: Finding[] = [{ check: 'server', state: 'warn', text: 'none is running', hint, fixable: false }]
  const folder = await serverDataFolder(cli)
  if (fix) cli.say(`mended: ${countOf(await closeFolder(folder), 'file')}`)
  findings.push(await examineFolder(folder))
  if (existsSync(folder)) {
    findings.push(await examineDisk({ dataFolder: folder, freeBytesMin: 0 }), await examineDatabase(folder, cli.signal))
  }
  const paths = findConfig(cli)
  if (!paths)
    return [
      ...findings,
      { check: 'config', state: 'warn', text: 'there is none', hint: 'mailtrigger init writes one', fixable: false },
    ]
  try {
    const { config, warnings } = await loadCheckedConfig(configSource(cli, paths), anyInStore)
    const text = `it is valid, with ${countOf(warnings.length, 'warning')}`
    const seen = warnings.length === 0 ? ok('config', 'it is valid') : { ...ok('config', text), state: 'warn' as const }
    findings.push(seen, await examineNames(listUrls(config)))
    if (config.server.smtp.tls.pair !== null) findings.push(await examineCertificate(config.server, Date.now()))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const text = `it is invalid: ${error.message}`
    findings.push({ check: 'config', state: 'bad', text, hint: 'mailtrigger check shows all of it', fixable: false })
  }
  return findings
}

const signs = { ok: '✓', warn: '!', bad: '✗', unknown: '·' } as const

function printFinding({ check, state, text, hint }: Finding, { colors }: Cli): string {
  const color = { ok: colors.green, warn: colors.yellow, bad: colors.red, unknown: colors.dim }[state]
  const line = `${color(`${signs[state]} ${check.padEnd(12)}`)} ${text}`
  return hint && state !== 'ok' ? `${line}\n  ${' '.repeat(12)} ${colors.dim(hint)}` : line
}
