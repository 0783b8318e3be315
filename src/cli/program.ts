import { Command } from 'commander'
import { version } from '../app.js'
import { addChannels } from './channels.js'
import { addCheck } from './check.js'
import { type Cli, collect, createCli, type GlobalOptions } from './cli.js'
import { addDeliveries } from './deliveries.js'
import { addDemo } from './demo.js'
import { addExplain } from './explain.js'
import { addInit } from './init.js'
import { addMails } from './mails.js'
import { addSchema } from './schema.js'
import { addSend } from './send.js'
import { addServe } from './serve.js'
import { addStatus } from './status.js'
import { addTail } from './tail.js'
import { addTest } from './test.js'

/** The whole command line. Each command adds itself; what it needs of the program it gets as `cli()`. */
export function createProgram(env: Record<string, string | undefined>, signal: AbortSignal): Command {
  const program = new Command('mailtrigger')
    .description('Takes alert mails over SMTP, stores them, decides whom they concern, and delivers them there.')
    .option(
      '-c, --config <path>',
      'routes file or folder, also several times (env MAILTRIGGER_CONFIG; default ./routes.yaml)',
      collect,
    )
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

  addServe(program, cli)
  addDemo(program, cli)
  addInit(program, cli)
  addCheck(program, cli)
  addExplain(program, cli)
  addTest(program, cli)
  addSend(program, cli)
  addTail(program, cli)
  addMails(program, cli)
  addDeliveries(program, cli)
  addChannels(program, cli)
  addSchema(program, cli)
  addStatus(program, cli)
  program
    .command('version')
    .description('print the version')
    .action(() => cli().show({ version, node: process.version }, () => version))
  for (const command of program.commands) command.exitOverride()
  return program
}
