import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { formatDuration, parseDuration } from '../domain/units.js'
import type { PersonAddress, PersonLine } from '../engine/known-people.js'
import type { LinkAnswer } from '../engine/people-calls.js'
import { type Cli, CliExit, collect, exitCodes } from './cli.js'
import { type Client, connect } from './client.js'
import { printTable, printTime } from './print-table.js'
import { cut } from './print-trace.js'

const pageMax = 1_000
const lookMs = 1_000
const waitMsDefault = 3_600_000
const waitMsMax = 86_400_000
const setExample = 'for example: mailtrigger people set tim@example.com --name Tim --channel telegram=111111'

interface SetOptions {
  name?: string
  manager?: string
  channel?: string[]
  remove?: string[]
}

interface LinkOptions {
  channel: string
  for?: string
  wait?: string | true
}

export function addPeople(program: Command, cli: () => Cli): void {
  const people = program.command('people').description('who is reached where')
  people
    .command('list')
    .description('everybody of the config, of its groups, and those entered here')
    .option('--search <text>', 'only those with this in their address, name, manager or groups')
    .action((options: { search?: string }) => runList(cli(), options))
  people
    .command('show')
    .description('one person, and where each address of theirs comes from')
    .argument('<address>')
    .action(async (address: string) => {
      const line = await (await connect(cli())).get<PersonLine>(pathOf(address))
      cli().show(line, () => printPerson(line, cli()))
    })
  people
    .command('set')
    .description('enter or change a person; what a file says of them stays')
    .argument('<address>', 'the mail address that names the person')
    .option('--name <name>', 'what the person is called')
    .option('--manager <address>', 'the mail address of the manager')
    .option('--channel <name=address>', 'where a channel reaches them, also several times', collect)
    .option('--remove <what>', 'a channel, name or manager to take away, also several times', collect)
    .action((address: string, options: SetOptions) => runSet(cli(), address, options))
  people
    .command('link')
    .description('print a link: whoever opens it first gets the alerts of the person')
    .argument('<address>')
    .requiredOption('--channel <name>', 'a channel of Telegram')
    .option('--for <duration>', 'how long the link works (default 1h, at most 24h)')
    .option('--wait [duration]', 'wait until it was opened (default 1h)')
    .action((address: string, options: LinkOptions) => runLink(cli(), address, options))
  people
    .command('rm')
    .description('delete somebody who is in no file')
    .argument('<address>')
    .action(async (address: string) => {
      const answer = await (await connect(cli())).del(pathOf(address))
      cli().show(answer, () => `${address} is deleted`)
    })
}

function pathOf(address: string): string {
  return `/people/${encodeURIComponent(address)}`
}

async function runList(cli: Cli, { search }: { search?: string }): Promise<void> {
  const client = await connect(cli)
  const items: PersonLine[] = []
  let cursor: string | null = null
  do {
    const query: Record<string, string | number | undefined> = { search, limit: pageMax, cursor: cursor ?? undefined }
    const page: { items: PersonLine[]; next_cursor: string | null } = await client.get('/people', query)
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== null)
  cli.show({ items }, () => printPeople(items, search, cli))
}

function printPeople(items: PersonLine[], search: string | undefined, cli: Cli): string {
  if (items.length === 0) return search === undefined ? `nobody is known yet; ${setExample}` : 'nobody fits'
  const rows = items.map((line) => [
    line.address,
    cut(line.name ?? '', 30),
    line.manager ?? '',
    cut(line.groups.join(', '), 40),
    line.channels.map((address) => printAddress(address, cli)).join(', '),
  ])
  return printTable(['address', 'name', 'manager', 'groups', 'reached by'], rows)
}

function printAddress({ channel, address, origin, problem }: PersonAddress, { colors }: Cli): string {
  const words = `${channel} ${cut(address, 40)}${origin === 'link' ? ' (linked)' : ''}`
  return problem === null ? words : colors.yellow(`${words} (not in force)`)
}

function printPerson(line: PersonLine, { colors }: Cli): string {
  const fixed = (what: string): string => (line.fixed.includes(what) ? colors.dim('  from a file') : '')
  const facts = [
    line.address,
    ...(line.name === null ? [] : [`name         ${line.name}${fixed('name')}`]),
    ...(line.manager === null ? [] : [`manager      ${line.manager}${fixed('manager')}`]),
    ...(line.groups.length === 0 ? [] : [`groups       ${line.groups.join(', ')}`]),
    ...(line.quiet_hours === null
      ? []
      : [`quiet hours  ${line.quiet_hours.calendar}, but for ${line.quiet_hours.except.join(', ') || 'nothing'}`]),
    ...(line.changed_at === null ? [] : [`changed      ${printTime(line.changed_at)} by ${line.changed_by ?? ''}`]),
  ]
  if (line.channels.length === 0) return [...facts, 'no channel has an address of theirs'].join('\n')
  const rows = line.channels.map(({ channel, address, origin, at, problem }) => [
    channel,
    address,
    { file: 'from a file', entry: 'entered', link: 'linked' }[origin] + (at === null ? '' : ` ${printTime(at)}`),
    problem === null ? colors.green('in force') : colors.yellow(problem),
  ])
  return [...facts, '', printTable(['channel', 'address', 'from', 'state'], rows)].join('\n')
}

async function runSet(cli: Cli, address: string, options: SetOptions): Promise<void> {
  const { name, manager, channel = [], remove = [] } = options
  if (name === undefined && manager === undefined && channel.length + remove.length === 0) {
    throw new CliExit(exitCodes.usage, 'say what to set: --name, --manager, --channel or --remove', setExample)
  }
  const body = {
    ...(name === undefined ? {} : { name }),
    ...(manager === undefined ? {} : { manager }),
    ...Object.fromEntries(remove.filter(isOwnField).map((field) => [field, null])),
    channels: Object.fromEntries([
      ...remove.filter((field) => !isOwnField(field)).map((field) => [field, null]),
      ...channel.map(readAddress),
    ]),
  }
  const line = await (await connect(cli)).patch<PersonLine>(pathOf(address), body)
  cli.show(line, () => printPerson(line, cli))
}

function isOwnField(field: string): boolean {
  return field === 'name' || field === 'manager'
}

function readAddress(given: string): [channel: string, address: string] {
  const [, channel, address] = /^([^=]+)=(.+)$/s.exec(given) ?? []
  if (channel && address) return [channel, address]
  throw new CliExit(exitCodes.usage, `--channel takes NAME=ADDRESS, not "${given}"`, setExample)
}

async function runLink(cli: Cli, address: string, options: LinkOptions): Promise<void> {
  const waitMs = readWait(options.wait)
  const client = await connect(cli)
  const before = waitMs === null ? null : await readLinkedAt(client, address, options.channel)
  const body = { channel: options.channel, ...(options.for === undefined ? {} : { valid_for: options.for }) }
  const link = await client.post<LinkAnswer>(`${pathOf(address)}/link`, body)
  cli.show(link, () => link.url)
  cli.say(`${link.person} opens it in Telegram and presses Start. It works once, until ${printTime(link.expires_at)}.`)
  if (link.problem !== null) cli.say(cli.colors.yellow(`nobody would be heard at the moment: ${link.problem}`))
  if (waitMs === null) return
  const end = performance.now() + waitMs
  while (performance.now() < end) {
    await sleep(lookMs, undefined, { signal: cli.signal }).catch(() => {
      throw new CliExit(exitCodes.interrupted, 'interrupted', 'the link goes on working')
    })
    const linkedAt = await readLinkedAt(client, address, options.channel)
    if (linkedAt !== null && linkedAt !== before) {
      cli.say(`${cli.colors.green('✓')} ${link.person} is linked`)
      return
    }
  }
  const hint = 'mailtrigger channels list says whether the channel hears its readers'
  throw new CliExit(exitCodes.failed, `nobody opened the link within ${formatDuration(waitMs)}`, hint)
}

function readWait(given: string | true | undefined): number | null {
  if (given === undefined) return null
  const waitMs = given === true ? waitMsDefault : parseDuration(given)
  if (waitMs !== null && waitMs > 0 && waitMs <= waitMsMax) return waitMs
  throw new CliExit(exitCodes.usage, `--wait takes a duration up to 24h, not "${given}"`, 'for example --wait 10m')
}

async function readLinkedAt(client: Client, address: string, channel: string): Promise<string | null> {
  const { channels } = await client.get<PersonLine>(pathOf(address))
  return channels.find((one) => one.channel === channel && one.origin === 'link')?.at ?? null
}
