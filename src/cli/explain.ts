import type { Command } from 'commander'
import type { JudgeByLlm } from '../domain/judge.js'
import type { Trace } from '../domain/trace.js'
import { type Explanation, explainMail } from '../engine/explanation.js'
import { explainNearMisses } from '../engine/near-misses.js'
import type { NearMiss } from '../route/near-miss.js'
import { type Cli, CliExit, collect, exitCodes } from './cli.js'
import { connect } from './client.js'
import { configSource } from './config-source.js'
import { requireConfig } from './find-files.js'
import { loadOffline, openOfflineRouting } from './offline-routing.js'
import { printNearMisses } from './print-near-miss.js'
import { cut, printTrace, showText } from './print-trace.js'
import { readMailFile } from './read-mail-file.js'
import { addStoredChannelOption, readStoredChannelOption, type StoredChannelOption } from './stored-channels.js'
import { addUploadedOption, readUploadedOption, type UploadedOption } from './uploaded-actions.js'

interface ExplainOptions extends UploadedOption, StoredChannelOption {
  message?: string
  route?: string
  llm: 'live' | 'stub' | 'skip'
  expect?: string
  from?: string
  to?: string[]
  all?: boolean
  body?: boolean
}

export function addExplain(program: Command, cli: () => Cli): void {
  addStoredChannelOption(addUploadedOption(program.command('explain')))
    .description('show what the routes make of a mail, and why; sends nothing')
    .argument('[mail]', 'a .eml file, or - for standard input')
    .option('--message <id>', 'a mail the server has stored, instead of a file')
    .option('--route <name>', 'show only this route')
    .option('--from <address>', 'envelope sender (default: the From header)')
    .option('--to <address>', 'envelope recipient, also several times (default: what the headers name)', collect)
    .option('--llm <mode>', 'live asks the configured LLM, stub says yes, skip has it fail', 'live')
    .option('--expect <channels>', 'exit 1 unless exactly these channels would be used (comma-separated)')
    .option('--all', 'show every condition, also those that held on routes that did not match')
    .option('--body', 'show the texts that would be sent')
    .action((file: string | undefined, options: ExplainOptions) => runExplain(cli(), file, options))
}

async function runExplain(cli: Cli, file: string | undefined, options: ExplainOptions): Promise<void> {
  if (!['live', 'stub', 'skip'].includes(options.llm)) {
    throw new CliExit(exitCodes.usage, `--llm takes live, stub or skip, not "${options.llm}"`)
  }
  if (!file && !options.message) throw new CliExit(exitCodes.usage, 'name a .eml file, or --message ID')
  const { near_misses, ...explanation } = options.message
    ? await explainStored(cli, options.message)
    : await explainFile(cli, file ?? '-', options)
  const trace = options.route ? onlyRoute(explanation.trace, options.route) : explanation.trace
  const shown = { ...explanation, trace, near_misses }
  cli.show(shown, () => printExplanation(shown, cli, options))
  checkExpectation(explanation, options.expect)
}

/** What would be done with a mail, and which routes nearly took it when none did. */
type ExplainedMail = Explanation & { near_misses: NearMiss[] }

async function explainStored(cli: Cli, id: string): Promise<ExplainedMail> {
  const client = await connect(cli)
  return client.post<ExplainedMail>('/routes/explain', { message: id })
}

async function explainFile(cli: Cli, file: string, options: ExplainOptions): Promise<ExplainedMail> {
  const uploaded = readUploadedOption(options)
  const storedChannels = readStoredChannelOption(options)
  const { config } = await loadOffline(configSource(cli, requireConfig(cli)), { uploaded, storedChannels })
  const raw = await readMailFile(file, options, Date.now())
  const judge = options.llm === 'live' ? {} : { judge: options.llm === 'stub' ? sayYes : null }
  const routing = await openOfflineRouting({ config, uploaded, ...judge })
  try {
    const explanation = await explainMail(routing.parts, raw, cli.signal)
    const isUnrouted = explanation.trace.outcome === 'unrouted'
    const near_misses = isUnrouted ? await explainNearMisses(routing.parts, raw, cli.signal) : []
    return { ...explanation, near_misses }
  } finally {
    await routing.stop()
  }
}

const sayYes: JudgeByLlm = async () => ({
  match: true,
  reason: '--llm stub says yes to everything',
  cached: false,
  model: 'stub',
  durationMs: 0,
})

function onlyRoute(trace: Trace, name: string): Trace {
  const routes = trace.routes.filter((route) => route.name === name)
  if (routes.length > 0) return { ...trace, routes }
  const names = trace.routes.map((route) => route.name).join(', ')
  throw new CliExit(exitCodes.notFound, `there is no route "${name}"`, `routes: ${names}`)
}

/** Before the routes, as it comes before them. */
function printAdmission({ admission }: ExplainedMail, colors: Cli['colors']): string[] {
  if (!admission) return []
  const { verdict, reason } = admission
  return [colors.yellow(`! by SMTP it would be ${verdict}: ${cut(reason, 300)}`)]
}

function printExplanation(explanation: ExplainedMail, cli: Cli, options: ExplainOptions): string {
  const { colors } = cli
  const { trace, deliveries } = explanation
  const nearest = printNearMisses(explanation.near_misses, cli)
  const lines = [
    colors.bold(explanation.subject || '(no subject)'),
    ...printAdmission(explanation, colors),
    printTrace(trace, { colors, all: options.all === true }),
    ...(nearest === '' ? [] : [nearest]),
    '',
  ]
  for (const delivery of deliveries) {
    const to = [delivery.recipient, delivery.address && `(${delivery.address})`].filter(Boolean).join(' ')
    lines.push(`${colors.cyan('would send')} ${delivery.channel}${to ? ` to ${to}` : ''}: ${cut(delivery.title, 80)}`)
    if (options.body) lines.push(showText(delivery.text).replace(/^/gm, '    '))
  }
  if (deliveries.length === 0) lines.push('nothing would be sent')
  lines.push(colors.dim(`${trace.outcome}, ${trace.duration_ms} ms, config ${trace.config_hash}`))
  return lines.join('\n')
}

function checkExpectation(explanation: Explanation, expect: string | undefined): void {
  const used = [...new Set(explanation.deliveries.map((delivery) => delivery.channel))].sort()
  if (expect === undefined) {
    if (explanation.trace.outcome !== 'routed') throw new CliExit(exitCodes.failed, '')
    return
  }
  const wanted = expect
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
    .sort()
  if (wanted.join() === used.join()) return
  throw new CliExit(
    exitCodes.failed,
    `expected ${wanted.join(', ') || 'nothing'}, but it is ${used.join(', ') || 'nothing'}`,
  )
}
