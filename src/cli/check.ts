import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { formatIssues } from '../config/print-issues.js'
import { redactConfig } from '../config/redact.js'
import type { Config } from '../domain/config.js'
import { ConfigError } from '../domain/errors.js'
import { loadConfigJobs } from '../jobs/load-jobs.js'
import { createWasmHost } from '../wasm/host.js'
import { jobModuleLimits } from '../wasm/limits.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { configSource } from './config-source.js'
import { requireConfig } from './find-files.js'
import { loadOffline, openOfflineRouting } from './offline-routing.js'
import { countOf } from './print-table.js'
import { addStoredChannelOption, readStoredChannelOption, type StoredChannelOption } from './stored-channels.js'
import { addUploadedOption, readUploadedOption, type UploadedOption } from './uploaded-actions.js'

interface CheckOptions extends UploadedOption, StoredChannelOption {
  strict?: boolean
  print?: boolean
}

export function addCheck(program: Command, cli: () => Cli): void {
  addStoredChannelOption(addUploadedOption(program.command('check')))
    .description('find mistakes in the config, without the network; exit 78 when there are any')
    .argument('[files...]', 'config files or folders (default: the one the server would use)')
    .option('--strict', 'exit 1 on warnings, too')
    .option('--print', 'print the effective config, secrets hidden')
    .action((files: string[], options: CheckOptions) => runCheck(cli(), files, options))
}

async function runCheck(cli: Cli, files: string[], options: CheckOptions): Promise<void> {
  const uploaded = readUploadedOption(options)
  const storedChannels = readStoredChannelOption(options)
  const paths = files.length > 0 ? files : requireConfig(cli)
  const color = cli.colors.isColorSupported
  try {
    const { config, warnings } = await loadOffline(configSource(cli, paths), { uploaded, storedChannels })
    // Building and loading modules is part of the check: one that cannot run is a mistake in the config.
    await (await openOfflineRouting({ config, uploaded })).stop()
    await checkJobModules(config)
    if (options.print) cli.out(JSON.stringify(redactConfig(config), null, 2))
    else if (cli.options.json) cli.out(JSON.stringify({ ok: true, hash: config.hash, issues: warnings }, null, 2))
    else if (warnings.length > 0) cli.say(formatIssues(warnings, { color }))
    if (!cli.options.json && !options.print) {
      cli.out(
        `${cli.colors.green('✓')} ${countOf(config.routes.length, 'route')}, ${countOf(Object.keys(config.channels).length, 'channel')} · config ${config.hash}`,
      )
    }
    if (options.strict && warnings.length > 0) throw new CliExit(exitCodes.failed, '')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    if (cli.options.json) cli.out(JSON.stringify({ ok: false, issues: error.issues }, null, 2))
    else cli.say(`${formatIssues(error.issues, { color })}`)
    throw new CliExit(exitCodes.config, '')
  }
}

async function checkJobModules({ jobs }: Config): Promise<void> {
  if (Object.keys(jobs).length === 0) return
  const cacheFolder = mkdtempSync(join(tmpdir(), 'mailtrigger-'))
  const host = createWasmHost({ cacheFolder, moduleLimits: jobModuleLimits })
  try {
    await loadConfigJobs(host, jobs)
  } finally {
    await host.stop()
    rmSync(cacheFolder, { recursive: true, force: true })
  }
}
