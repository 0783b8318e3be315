import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { ModuleVersion } from '../domain/module-version.js'
import { formatSize } from '../domain/units.js'
import type { ActionLine } from '../engine/module-calls.js'
import { buildModule, nameOfFile } from './build-module.js'
import { type Cli, collect } from './cli.js'
import { connect } from './client.js'
import { printActions, printVersions, shortHash } from './print-actions.js'
import { type RunOptions, runAction } from './run-action.js'

export function addActions(program: Command, cli: () => Cli): void {
  const actions = program.command('actions').description('programs that decide whom a mail concerns, in a sandbox')
  const add = (name: string, description: string): Command => actions.command(name).description(description)

  add('list', 'those of the config, and those that were uploaded').action(() => runList(cli()))
  add('build', 'build a .ts, .js or .as.ts file into one .wasm that runs anywhere')
    .argument('<file>')
    .requiredOption('-o, --output <file>', 'where to')
    .action((file: string, options: { output: string }) => runBuild(cli(), file, options.output))
  add('run', 'try an action or condition on a mail; sends nothing')
    .argument('<file|name>', 'a file of this machine, or the name of one the server has')
    .requiredOption('--mail <file>', 'a .eml file, or - for standard input')
    .option('--recipients <addresses>', 'who would get the mail so far, comma-separated (default: its envelope)')
    .option('--from <address>', 'envelope sender (default: the From header)')
    .option('--attach <lookup>', 'a JSON file, or the name of a lookup the server has; also several times', collect)
    .option('--config <key=value>', 'for a file: what the config would give it, as text or JSON; also several times')
    .option('--allow-host <host>', 'for a file: a host it may call; also several times', collect)
    .option('--timeout <duration>', 'how long it may take', '1s')
    .action((target: string, options: RunOptions) => runAction(cli(), target, options))
  add('push', 'upload an action or condition; the next mail uses it')
    .argument('<file>', 'a .ts, .js or .wasm file')
    .option('--name <name>', 'its name (default: that of the file)')
    .action((file: string, options: { name?: string }) => runPush(cli(), file, options.name))
  add('versions', 'the last twenty that were uploaded')
    .argument('<name>')
    .action((name: string) => runVersions(cli(), name))
  add('rollback', 'go back to an earlier version; the next mail uses it')
    .argument('<name>')
    .argument('[sha256]', 'or the start of it (default: the one before)')
    .action((name: string, sha256: string | undefined) => runRollback(cli(), name, sha256))
  add('rm', 'delete an uploaded action with all its versions')
    .argument('<name>')
    .action((name: string) => runRemove(cli(), name))
}

async function runList(cli: Cli): Promise<void> {
  const { items } = await (await connect(cli)).get<{ items: ActionLine[] }>('/actions')
  cli.show(items, () => printActions(items))
}

async function runBuild(cli: Cli, file: string, output: string): Promise<void> {
  const { bytes, module } = await buildModule(file)
  writeFileSync(output, bytes)
  const { sha256, kinds } = module
  const built = { file: output, sha256, size_bytes: bytes.byteLength, kinds }
  cli.show(built, () => `${output}: ${kinds.join(', ')}, ${formatSize(bytes.byteLength)}, sha256 ${shortHash(sha256)}`)
}

async function runPush(cli: Cli, file: string, name: string = nameOfFile(file)): Promise<void> {
  const { filename, bytes } = await buildModule(file)
  const client = await connect(cli)
  const path = `${pathOf(name)}?filename=${encodeURIComponent(filename)}`
  const init = { method: 'PUT', body: bytes, headers: { 'content-type': 'application/wasm' }, signal: cli.signal }
  const line = (await (await client.open(path, init)).json()) as ActionLine
  cli.show(line, () => describeActive(line, cli))
  if (line.declared) {
    cli.say(`it runs in place of the module in the config; mailtrigger actions rm ${name} goes back to that`)
  }
  if (line.routes.length === 0) {
    const step = line.kinds.includes('action') ? `the step "run: ${name}"` : `the condition "wasm: ${name}"`
    cli.say(`no route uses it yet; ${step} does`)
  }
}

async function runVersions(cli: Cli, name: string): Promise<void> {
  const { items } = await (await connect(cli)).get<{ items: ModuleVersion[] }>(`${pathOf(name)}/versions`)
  cli.show(items, () => printVersions(items, cli))
}

async function runRollback(cli: Cli, name: string, sha256: string | undefined): Promise<void> {
  const line = await (await connect(cli)).post<ActionLine>(`${pathOf(name)}/rollback`, { sha256 })
  cli.show(line, () => describeActive(line, cli))
}

async function runRemove(cli: Cli, name: string): Promise<void> {
  const answer = await (await connect(cli)).del<{ deleted: number }>(pathOf(name))
  cli.show(answer, () => `${name}: deleted`)
}

function describeActive({ name, sha256, size_bytes, kinds, routes }: ActionLine, { colors }: Cli): string {
  const used = routes.length > 0 ? ` · used by ${routes.join(', ')}` : ''
  const facts = `${kinds.join(', ')}, ${formatSize(size_bytes)}, sha256 ${shortHash(sha256)}`
  return `${colors.green('✓')} ${name}: ${facts}${used}`
}

function pathOf(name: string): string {
  return `/actions/${encodeURIComponent(name)}`
}
