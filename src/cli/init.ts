import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { channelKinds } from '../channels/index.js'
import { routesJsonSchema, testsJsonSchema } from '../config/json-schema.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { exampleFile, programFolder } from './find-files.js'

/** What the example refers to, copied along so that a new folder works as it is. */
const exampleFiles = [
  'wasm-actions/project-owner.ts',
  'wasm-actions/jenkins-culprits.ts',
  'wasm-actions/domain-owner.ts',
  // With these an editor knows what a mail has, without any package to install.
  'wasm-actions/guest.d.ts',
  'wasm-actions/tsconfig.json',
  'wasm-actions/monit-watch.ts',
  'wasm-actions/monit-watch.sql',
  'wasm-actions/monit-watch.sqlite3',
]

export function addInit(program: Command, cli: () => Cli): void {
  program
    .command('init')
    .description('write a routes.yaml to start from, with its tests, actions and sample mails')
    .argument('[folder]', 'where to', '.')
    .option('--force', 'overwrite what is there')
    .action((folder: string, options: { force?: boolean }) => runInit(cli(), resolve(folder), options.force === true))
}

function runInit(cli: Cli, folder: string, force: boolean): void {
  const files = collectFiles()
  const taken = [...files.keys()].filter((name) => existsSync(join(folder, name)))
  if (taken.length > 0 && !force) {
    throw new CliExit(exitCodes.failed, `${taken.slice(0, 3).join(', ')} already there`, '--force overwrites')
  }
  for (const [name, content] of files) {
    const target = join(folder, name)
    mkdirSync(resolve(target, '..'), { recursive: true })
    writeFileSync(target, content)
  }
  const where = folder === resolve('.') ? '' : `cd ${folder}\n`
  cli.show({ folder, files: [...files.keys()] }, () => `${files.size} files written to ${folder}`)
  cli.say(
    [
      'next:',
      ...(where ? [`  ${where.trim()}`] : []),
      '  mailtrigger check                                       finds mistakes',
      '  mailtrigger test                                        proves the routes on the sample mails',
      '  mailtrigger explain fixtures/mails/sentry-error.eml     says what would happen to a mail, and why',
      '  mailtrigger serve                                       receives mail; saving routes.yaml reloads it',
      '',
      'to write an action: edit wasm-actions/project-owner.ts, then',
      '  mailtrigger actions run wasm-actions/project-owner.ts --mail fixtures/mails/sentry-error.eml \\',
      '    --attach fixtures/lookups/project-owners.json         tries it; sends nothing',
      '  mailtrigger actions push wasm-actions/project-owner.ts  gives it to the server; the next mail uses it',
    ].join('\n'),
  )
}

function collectFiles(): Map<string, string | Buffer> {
  const files = new Map<string, string | Buffer>()
  const tests = readFileSync(join(programFolder, 'routes.test.yaml'), 'utf8')
  files.set('routes.yaml', readFileSync(exampleFile))
  files.set('routes.test.yaml', tests.replaceAll(basename(exampleFile), 'routes.yaml'))
  files.set('routes.schema.json', `${JSON.stringify(routesJsonSchema(channelKinds), null, 2)}\n`)
  files.set('routes.test.schema.json', `${JSON.stringify(testsJsonSchema(), null, 2)}\n`)
  files.set('.env.example', envExample)
  for (const name of [...exampleFiles, ...listFolder('wasm-actions/lib')]) addFile(files, name)
  for (const name of [...listFolder('fixtures/mails'), ...listFolder('fixtures/lookups')]) addFile(files, name)
  return files
}

function addFile(files: Map<string, string | Buffer>, name: string): void {
  files.set(name, readFileSync(join(programFolder, name)))
}

function listFolder(folder: string): string[] {
  const path = join(programFolder, folder)
  if (!existsSync(path)) return []
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(folder, entry.name))
}

const envExample = `# Variables routes.yaml refers to. Set them in the environment of the server; this file is not read by itself.
TELEGRAM_BOT_TOKEN=
SLACK_WEBHOOK_URL=
MAIL_RELAY_HOST=
OPENAI_API_KEY=
`
