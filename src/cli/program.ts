import { Command } from 'commander'
import { version } from '../version.js'
import { type Cli, collect, createCli, type GlobalOptions } from './cli.js'

type AddCommand = (program: Command, cli: () => Cli) => void

/** Where each command is. Loaded when asked for, so that a short question does not wait for the whole program. */
const commands: Record<string, () => Promise<AddCommand>> = {
  serve: async () => (await import('./serve.js')).addServe,
  demo: async () => (await import('./demo.js')).addDemo,
  start: async () => (await import('./demo.js')).addStart,
  init: async () => (await import('./init.js')).addInit,
  check: async () => (await import('./check.js')).addCheck,
  explain: async () => (await import('./explain.js')).addExplain,
  test: async () => (await import('./test.js')).addTest,
  send: async () => (await import('./send.js')).addSend,
  tail: async () => (await import('./tail.js')).addTail,
  mails: async () => (await import('./mails.js')).addMails,
  replay: async () => (await import('./replay.js')).addReplay,
  notifications: async () => (await import('./notifications.js')).addNotifications,
  deliveries: async () => (await import('./deliveries.js')).addDeliveries,
  actions: async () => (await import('./actions.js')).addActions,
  channels: async () => (await import('./channels.js')).addChannels,
  people: async () => (await import('./people.js')).addPeople,
  silences: async () => (await import('./silences.js')).addSilences,
  monitors: async () => (await import('./monitors.js')).addMonitors,
  rules: async () => (await import('./rules.js')).addRules,
  audit: async () => (await import('./audit.js')).addAudit,
  rejections: async () => (await import('./rejections.js')).addRejections,
  jobs: async () => (await import('./jobs.js')).addJobs,
  schema: async () => (await import('./schema.js')).addSchema,
  status: async () => (await import('./status.js')).addStatus,
  doctor: async () => (await import('./doctor.js')).addDoctor,
  reload: async () => (await import('./status.js')).addReload,
  token: async () => (await import('./token.js')).addToken,
  users: async () => (await import('./users.js')).addUsers,
  healthcheck: async () => (await import('./status.js')).addHealthcheck,
  version: async () => addVersion,
}

/** The command line for these arguments: the command they name, or all of them for help and suggestions. */
export async function createProgram(
  args: string[],
  env: Record<string, string | undefined>,
  signal: AbortSignal,
): Promise<Command> {
  const program = new Command('mailtrigger')
    .description('Takes alert mails over SMTP, stores them, decides whom they concern, and delivers them there.')
    .option('-c, --config <path>', 'routes file or folder, also several times (env MAILTRIGGER_CONFIG)', collect)
    .option('--data <folder>', 'data folder (env MAILTRIGGER_DATA; default ./data)')
    .option('--server <url>', 'a server elsewhere (env MAILTRIGGER_URL)')
    .option('--token-file <file>', 'its token (env MAILTRIGGER_TOKEN holds the token itself)')
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'no messages, only data')
    .option('-v, --verbose', 'log more')
    .option('--no-color', 'no colours (env NO_COLOR)')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .showHelpAfterError('mailtrigger --help lists the commands')
    .exitOverride()
  const cli = (): Cli => createCli(program.opts<GlobalOptions>(), env, signal)
  const named = args.filter((argument) => Object.hasOwn(commands, argument))
  const wanted = named.length === 0 || args.includes('help') ? Object.keys(commands) : new Set(named)
  for (const name of wanted) {
    const add = await commands[name]?.()
    add?.(program, cli)
  }
  for (const command of program.commands) command.exitOverride()
  return program
}

function addVersion(program: Command, cli: () => Cli): void {
  program
    .command('version')
    .description('print the version')
    .action(() => cli().show({ version, node: process.version }, () => version))
}
