import type { Command } from 'commander'
import type { ChannelLine } from '../engine/channel-calls.js'
import { mergePatch } from '../engine/secret-settings.js'
import type { ChannelDetail } from '../engine/stored-channel-calls.js'
import { addChannelSetup, addSettingsOptions, channelPath, secretsOfKind } from './channel-setup.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { type Client, connect } from './client.js'
import { printTable, printTime } from './print-table.js'
import { isGiven, readChannelSettings, type SettingsOptions } from './read-channel-settings.js'

export function addChannels(program: Command, cli: () => Cli): void {
  const channels = program.command('channels').description('the ways out')
  channels
    .command('list')
    .description('the channels in force: of the config, and those made here')
    .action(async () => {
      const { items } = await (await connect(cli())).get<{ items: ChannelLine[] }>('/channels')
      cli().show(items, () => printChannels(items, cli()))
    })
  const test = channels
    .command('test')
    .description('send a test message now, and say what the vendor said')
    .argument('[name]', 'a channel; with --kind, the one whose secrets are used where none are given')
    .option('--to <person>', 'a mail address of people, or an address on the channel')
    .option('--text <text>', 'what to send')
    .option('--kind <kind>', 'try settings that are not saved')
  addSettingsOptions(test).action((name: string | undefined, options: TestOptions) => runTest(cli(), name, options))
  channels
    .command('pause')
    .description('send nothing on it until you resume it; what comes waits, and loses no attempt')
    .argument('<name>')
    .option('--reason <text>', 'shown with the channel')
    .action(async (name: string, options: { reason?: string }) => {
      await (await connect(cli())).post(`/channels/${encodeURIComponent(name)}/pause`, options)
      cli().show({ ok: true }, () => `${name} is paused; mailtrigger channels resume ${name} ends it`)
    })
  channels
    .command('resume')
    .description('end its pause: what waits goes out')
    .argument('<name>')
    .action(async (name: string) => {
      await (await connect(cli())).post(`/channels/${encodeURIComponent(name)}/resume`)
      cli().show({ ok: true }, () => `${name} is tried again`)
    })
  addChannelSetup(channels, cli)
}

function printChannels(items: ChannelLine[], cli: Cli): string {
  if (items.length === 0) return 'there are no channels; mailtrigger channels create makes one'
  const rows = items.map((line) => [
    line.name,
    line.kind,
    line.origin,
    describeState(line, cli),
    line.destination ?? (line.address_hint ? `people: ${line.address_hint}` : 'every recipient'),
  ])
  return printTable(['name', 'kind', 'from', 'state', 'delivers to'], rows)
}

function describeState({ paused, buttons, problem }: ChannelLine, { colors }: Cli): string {
  if (problem !== null) return colors.red(`cannot be used: ${problem}`)
  if (paused) return colors.yellow(`paused${paused.until ? ` until ${printTime(paused.until)}` : ''}: ${paused.reason}`)
  return buttons === null ? colors.green('ok') : colors.yellow(`ok, but its buttons do not work: ${buttons}`)
}

interface TestOptions extends SettingsOptions {
  to?: string
  text?: string
  kind?: string
}

async function runTest(cli: Cli, name: string | undefined, options: TestOptions): Promise<void> {
  const { to, text, kind } = options
  if (kind === undefined && (name === undefined || isGiven(options))) {
    throw new CliExit(exitCodes.usage, 'name a channel, or try settings that are not saved by --kind')
  }
  const client = await connect(cli)
  const given = kind === undefined ? {} : await readEntered(client, kind, name, options)
  const path = kind === undefined && name !== undefined ? `${channelPath(name)}/test` : '/channels/test'
  const answer = await client.post<TestAnswer>(path, { to, text, ...given })
  cli.show(answer, () => (answer.ok ? `${cli.colors.green('✓')} ${answer.provider || 'sent'}` : ''))
  if (answer.ok) return
  const hint = answer.permanent ? 'it will not work by itself: mend the settings or the address' : 'it may work later'
  throw new CliExit(exitCodes.failed, answer.error ?? 'the channel failed', hint)
}

interface TestAnswer {
  ok: boolean
  provider?: string
  error?: string
  permanent?: boolean
}

/** Of a channel that is there, the settings that are not given are those it has. */
async function readEntered(client: Client, kind: string, name: string | undefined, options: SettingsOptions) {
  const patch = await readChannelSettings(options, await secretsOfKind(client, kind))
  if (name === undefined) return { kind, settings: patch }
  const { settings } = await client.get<ChannelDetail>(channelPath(name))
  return { kind, name, settings: mergePatch(settings, patch) }
}
