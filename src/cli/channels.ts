import type { Command } from 'commander'
import type { ChannelLine } from '../engine/channel-calls.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { connect } from './client.js'
import { printTable, printTime } from './print-table.js'

export function addChannels(program: Command, cli: () => Cli): void {
  const channels = program.command('channels').description('the ways out')
  channels
    .command('list')
    .description('the channels of the config in force')
    .action(async () => {
      const { items } = await (await connect(cli())).get<{ items: ChannelLine[] }>('/channels')
      cli().show(items, () => printChannels(items, cli()))
    })
  channels
    .command('test')
    .description('send a test message now, and say what the vendor said')
    .argument('<name>')
    .option('--to <person>', 'a mail address of people, or an address on the channel')
    .option('--text <text>', 'what to send')
    .action((name: string, options: { to?: string; text?: string }) => runTest(cli(), name, options))
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
}

function printChannels(items: ChannelLine[], cli: Cli): string {
  if (items.length === 0) return 'the config has no channels'
  const rows = items.map((line) => [
    line.name,
    line.kind,
    describeState(line, cli),
    line.destination ?? (line.address_hint ? `people: ${line.address_hint}` : 'every recipient'),
  ])
  return printTable(['name', 'kind', 'state', 'delivers to'], rows)
}

function describeState({ paused, buttons }: ChannelLine, { colors }: Cli): string {
  if (paused) return colors.yellow(`paused${paused.until ? ` until ${printTime(paused.until)}` : ''}: ${paused.reason}`)
  return buttons === null ? colors.green('ok') : colors.yellow(`ok, but its buttons do not work: ${buttons}`)
}

async function runTest(cli: Cli, name: string, options: { to?: string; text?: string }): Promise<void> {
  const client = await connect(cli)
  const answer = await client.post<{ ok: boolean; provider?: string; error?: string; permanent?: boolean }>(
    `/channels/${encodeURIComponent(name)}/test`,
    options,
  )
  cli.show(answer, () => (answer.ok ? `${cli.colors.green('✓')} ${answer.provider || 'sent'}` : ''))
  if (answer.ok) return
  const hint = answer.permanent ? 'it will not work by itself: mend the settings or the address' : 'it may work later'
  throw new CliExit(exitCodes.failed, answer.error ?? 'the channel failed', hint)
}
