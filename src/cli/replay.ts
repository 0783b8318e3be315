import type { Command } from 'commander'
import type { ReplayDifference, RoutingOutcome } from '../engine/compare-outcomes.js'
import { chooseMails, choosing, type MailChoice } from './choose-mails.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { type Client, connect } from './client.js'
import { countOf, printTime } from './print-table.js'
import { cut } from './print-trace.js'
import { transferSignal } from './push-job.js'

interface ReplayOptions extends MailChoice {
  unrouted?: boolean
  dryRun?: boolean
  yes?: boolean
}

const replaySize = 1_000
/** Each is routed while we wait, and may ask an LLM. */
const dryRunSize = 20

export function addReplay(program: Command, cli: () => Cli): void {
  choosing(
    program.command('replay').description('route mails again with the current config, and send what comes of it'),
  )
    .argument('[ids...]')
    .option('--unrouted', 'mails that no route matched: the same as --state unrouted')
    .option('--dry-run', 'only show what would change; sends nothing')
    .option('--yes', 'really do it for all that fit')
    .action((ids: string[], options: ReplayOptions) => runReplay(cli(), ids, options))
}

/** Mails named by id are replayed at once; a selection is counted first and needs --yes. */
async function runReplay(cli: Cli, ids: string[], { unrouted, ...options }: ReplayOptions): Promise<void> {
  if (unrouted && options.state !== undefined && options.state !== 'unrouted') {
    throw new CliExit(exitCodes.usage, `--unrouted and --state ${options.state} exclude each other`)
  }
  const { search, route, since, until, state = unrouted ? 'unrouted' : undefined } = options
  const client = await connect(cli)
  const chosen = await chooseMails(cli, client, ids, { search, state, route, since, until })
  if (chosen.length === 0) throw new CliExit(exitCodes.notFound, 'no mail fits')
  if (options.dryRun) return runDry(cli, client, chosen)
  if (ids.length === 0 && !options.yes) {
    const hint = 'add --yes to do it, or --dry-run to see what would change'
    throw new CliExit(exitCodes.usage, `this would route ${countOf(chosen.length, 'mail')} again, and send`, hint)
  }
  let replayed = 0
  for (const some of slices(chosen, replaySize)) {
    replayed += (await post<{ replayed: number }>(cli, client, { ids: some })).replayed
  }
  if (replayed === 0) throw new CliExit(exitCodes.notFound, 'there is no such mail')
  cli.show({ replayed }, () => `${countOf(replayed, 'mail')} to be routed again; mailtrigger mails show ID says how`)
}

async function runDry(cli: Cli, client: Client, ids: string[]): Promise<void> {
  const items: ReplayDifference[] = []
  for (const some of slices(ids, dryRunSize)) {
    const answer = await post<{ items: ReplayDifference[] }>(cli, client, { ids: some, dry_run: true })
    items.push(...answer.items)
    // A long list is shown as it comes; JSON is one document, and comes at the end.
    if (!cli.options.json) for (const item of answer.items) cli.out(printDifference(item, cli))
  }
  const changed = items.filter((item) => item.changed).length
  const summary = { mails: items.length, changed, same: items.length - changed }
  if (cli.options.json) return cli.out(JSON.stringify({ items, summary }, null, 2))
  cli.out(`\n${countOf(summary.mails, 'mail')}: ${changed} would change, ${summary.same} would not. Nothing was sent.`)
}

async function post<Answer>(cli: Cli, client: Client, body: unknown): Promise<Answer> {
  const answer = await client.open('/mails/replay', {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
    signal: transferSignal(cli),
  })
  return (await answer.json()) as Answer
}

/** One line for a mail that stays as it is, else what is gained and what is lost, line by line. */
export function printDifference(
  { id, received_at, subject, before, after, changed }: ReplayDifference,
  { colors }: Pick<Cli, 'colors'>,
): string {
  const head = `${id}  ${printTime(received_at)}  ${cut(subject || '(no subject)', 70)}`
  if (!changed) return `${head}  ${colors.dim(`${after.outcome}, as before`)}`
  const was = before ?? { outcome: 'not routed yet', routes: [], recipients: [], deliveries: [] }
  const outcome = was.outcome === after.outcome ? after.outcome : `${was.outcome} → ${after.outcome}`
  const lines = parts.flatMap(([name, read]) => {
    const [old, now] = [read(was), read(after)]
    return [
      ...now.filter((line) => !old.includes(line)).map((line) => colors.green(`  + ${name} ${line}`)),
      ...old.filter((line) => !now.includes(line)).map((line) => colors.red(`  - ${name} ${line}`)),
    ]
  })
  return [`${head}  ${colors.yellow(outcome)}`, ...lines].join('\n')
}

/** Recipients stand in the deliveries already, with their channels. */
const parts: [name: string, read: (outcome: RoutingOutcome) => string[]][] = [
  ['route', ({ routes }) => routes],
  ['to', ({ deliveries }) => deliveries],
]

function slices(ids: string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(ids.length / size) }, (_, index) => ids.slice(index * size, (index + 1) * size))
}
