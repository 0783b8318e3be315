import type { Command } from 'commander'
import type { KindLine } from '../engine/channel-kinds.js'
import type { ChannelDetail, RotatedKey } from '../engine/stored-channel-calls.js'
import { type Cli, CliExit, collect, exitCodes } from './cli.js'
import { type Client, connect } from './client.js'
import { countOf, printTable, printTime } from './print-table.js'
import { isGiven, readChannelSettings, type SettingsOptions } from './read-channel-settings.js'

/** The commands by which channels are made and changed while the server runs. */
export function addChannelSetup(channels: Command, cli: () => Cli): void {
  channels
    .command('show')
    .description('what a channel is set to, without its secrets, and who uses it')
    .argument('<name>')
    .action(async (name: string) => {
      const detail = await (await connect(cli())).get<ChannelDetail>(channelPath(name))
      cli().show(detail, () => printChannel(detail, cli()))
    })
  channels
    .command('kinds')
    .description('the kinds of channels there are, or the settings of one')
    .argument('[kind]')
    .action((kind: string | undefined) => runKinds(cli(), kind))
  addSettingsOptions(
    channels
      .command('create')
      .description('make a channel now; no file has it, and its secrets are sealed in the store')
      .argument('<name>')
      .requiredOption('--kind <kind>', 'what kind of channel; mailtrigger channels kinds lists them'),
  ).action((name: string, options: SettingsOptions & { kind: string }) => runCreate(cli(), name, options))
  addSettingsOptions(
    channels
      .command('set')
      .description('change settings of a channel that was made so; what is not named stays')
      .argument('<name>')
      .option('--unset <name>', 'a setting to take out, also several times', collect),
  ).action((name: string, options: SettingsOptions) => runSet(cli(), name, options))
  channels
    .command('delete')
    .description('delete a channel that was made so, unless anything uses it')
    .argument('<name>')
    .option('--yes', 'do not ask')
    .action((name: string, options: { yes?: boolean }) => runDelete(cli(), name, options))
  channels
    .command('rotate-key')
    .description("make a new key of the server, and seal the channels' secrets with it")
    .action(async () => {
      const rotated = await (await connect(cli())).post<RotatedKey>('/channels/rotate-key')
      cli().show(rotated, ({ key_id, channels: sealed }) => {
        return `the key is now ${key_id}; ${countOf(sealed, 'channel')} sealed with it`
      })
    })
}

export function addSettingsOptions(command: Command): Command {
  return command
    .option('--set <name=value>', 'a setting, also several times; a.b=c goes into maps', collect)
    .option('--secret <name=@file>', 'a secret setting from a file, or - for standard input, also several', collect)
    .option('--settings <file>', 'a JSON object with settings, or - for standard input')
}

export function channelPath(name: string): string {
  return `/channels/${encodeURIComponent(name)}`
}

/** The names of a kind's secret settings. Exits when there is no such kind. */
export async function secretsOfKind(client: Client, kind: string): Promise<string[]> {
  return (await client.get<KindLine>(`/channels/kinds/${encodeURIComponent(kind)}`)).secrets
}

async function runCreate(cli: Cli, name: string, options: SettingsOptions & { kind: string }): Promise<void> {
  const client = await connect(cli)
  const { kind } = options
  const settings = await readChannelSettings(options, await secretsOfKind(client, kind))
  const detail = await client.post<ChannelDetail>('/channels', { name, kind, settings })
  const to = detail.destination === null ? ' --to ADDRESS' : ''
  cli.show(detail, () => `${name} is there, and routes may name it`)
  if (!cli.options.json) cli.say(`try it: mailtrigger channels test ${quote(name)}${to}`)
}

async function runSet(cli: Cli, name: string, options: SettingsOptions): Promise<void> {
  if (!isGiven(options)) {
    throw new CliExit(exitCodes.usage, 'nothing is to be changed', 'say what: --set, --secret, --unset or --settings')
  }
  const client = await connect(cli)
  const { secrets } = await client.get<ChannelDetail>(channelPath(name))
  const settings = await readChannelSettings(options, secrets)
  const detail = await client.patch<ChannelDetail>(channelPath(name), { settings })
  cli.show(detail, () => `${name} is changed`)
  const retry = `mailtrigger deliveries retry --state dead --channel ${quote(name)} sends what failed meanwhile`
  if (!cli.options.json) cli.say(retry)
}

async function runDelete(cli: Cli, name: string, { yes }: { yes?: boolean }): Promise<void> {
  if (!yes && process.stdin.isTTY) {
    throw new CliExit(exitCodes.usage, `this would delete the channel ${name} with its secrets`, 'add --yes to do it')
  }
  const answer = await (await connect(cli)).del(channelPath(name))
  cli.show(answer, () => `${name} is deleted`)
}

async function runKinds(cli: Cli, kind: string | undefined): Promise<void> {
  const client = await connect(cli)
  if (kind !== undefined) {
    const line = await client.get<KindLine>(`/channels/kinds/${encodeURIComponent(kind)}`)
    cli.show(line, () => printKind(line, cli))
    return
  }
  const { items } = await client.get<{ items: KindLine[] }>('/channels/kinds')
  cli.show(items, () =>
    printTable(
      ['kind', 'what it does'],
      items.map((line) => [line.kind, line.description]),
    ),
  )
}

interface SchemaWithProperties {
  properties?: Record<string, { description?: string }>
  required?: string[]
  anyOf?: SchemaWithProperties[]
}

function printKind({ kind, label, description, settings, secrets, address_hint, example }: KindLine, cli: Cli): string {
  const { colors } = cli
  const ways = (settings as SchemaWithProperties).anyOf ?? [settings as SchemaWithProperties]
  const described = new Map(ways.flatMap(({ properties = {} }) => Object.entries(properties)))
  const needed = [...described.keys()].filter((name) => ways.every(({ required }) => required?.includes(name)))
  const rows = [...described].map(([name, { description: meaning = '' }]) => [
    name,
    [needed.includes(name) ? 'needed' : '', secrets.includes(name) ? 'secret' : ''].filter(Boolean).join(', '),
    meaning,
  ])
  const given = Object.entries(example.settings).map(([name, value]) =>
    value === null ? `--secret ${name}=@FILE` : `--set ${quote(`${name}=${textOf(value)}`)}`,
  )
  return [
    `${colors.bold(label)}: ${description}`,
    `people: ${address_hint ?? 'it has a place of its own'}`,
    '',
    printTable(['setting', '', 'meaning'], rows),
    '',
    colors.dim(`mailtrigger channels create NAME --kind ${kind} ${given.join(' ')}`.trimEnd()),
  ].join('\n')
}

function printChannel(detail: ChannelDetail, { colors }: Cli): string {
  const { name, label, kind, origin, destination, address_hint, problem, paused, used_by } = detail
  const users = used_by.map(({ sort, name: user }) => `${sort} ${user}`.trimEnd())
  const changed = detail.changed_at === null ? '' : `, changed ${printTime(detail.changed_at)} by ${detail.changed_by}`
  const lines = [
    `${colors.bold(name)} (${label}, ${kind}): ${origin === 'file' ? 'of the config' : `made here${changed}`}`,
    `delivers to: ${destination ?? (address_hint ? `people: ${address_hint}` : 'every recipient')}`,
    ...(problem === null ? [] : [colors.red(`cannot be used: ${problem}`)]),
    ...(paused === null ? [] : [colors.yellow(`paused: ${paused.reason}`)]),
    `used by: ${users.join(', ') || 'nothing'}`,
    ...Object.entries(detail.settings).map(([setting, value]) => `  ${setting}: ${textOf(value)}`),
  ]
  return lines.join('\n')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** As a shell wants it. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
