import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { JobLine, JobRun, QueryResult } from '../domain/job.js'
import type { Page } from '../store/store.js'
import { type Cli, CliExit, collect, exitCodes } from './cli.js'
import { type Client, connect } from './client.js'
import { printJob, printJobs, printQuery, printRun, printRuns, printTimes } from './print-jobs.js'
import { type PushOptions, pushJob, readFileGiven, transferSignal } from './push-job.js'

/** How long the server holds back the answer; a longer run is asked about every few seconds. */
const waitS = 20
const askEveryMs = 2_000

export function addJobs(program: Command, cli: () => Cli): void {
  const jobs = program.command('jobs').description('programs that run on a schedule, each with a database of its own')
  const add = (name: string, description: string): Command => jobs.command(name).description(description)

  add('list', 'all jobs, with their next and last runs').action(() => runList(cli()))
  add('show', 'one job with its last runs')
    .argument('<name>')
    .action((name: string) => runShow(cli(), name))
  addPush(add('push', 'upload a job, or what changed of it'), cli)
  add('run', 'run it now and wait for the end; exit 1 when it fails')
    .argument('<name>')
    .option('--follow', 'print what it logged, too')
    .action((name: string, options: { follow?: boolean }) => runNow(cli(), name, options.follow === true))
  add('logs', 'what its runs logged, the last one first')
    .argument('<name>')
    .argument('[run]', 'only this run')
    .option('--limit <n>', 'how many runs', '1')
    .action((name: string, run: string | undefined, options: { limit: string }) => runLogs(cli(), name, run, options))
  add('next', 'when it runs next')
    .argument('<name>')
    .option('--count <n>', 'how many times', '10')
    .action((name: string, options: { count: string }) => runNext(cli(), name, options.count))
  for (const verb of ['enable', 'disable'] as const) {
    add(verb, verb === 'enable' ? 'run it on its schedule again' : 'do not run it on its schedule')
      .argument('<name>')
      .action((name: string) => runEnable(cli(), name, verb))
  }
  add('rm', 'delete an uploaded job with its runs and its database')
    .argument('<name>')
    .option('--yes', 'do it')
    .action((name: string, options: { yes?: boolean }) => runRemove(cli(), name, options.yes === true))
  addDatabase(jobs, cli)
}

function addPush(push: Command, cli: () => Cli): void {
  push
    .argument('<name>', 'what it is called: a new name makes a new job')
    .argument('[module]', '.wasm, .ts or .js; what is not given stays as it is')
    .option('--schedule <cron>', 'minute hour day month weekday, such as "*/30 * * * *"')
    .option('--timezone <zone>', 'of the schedule, such as Asia/Taipei')
    .option('--database <file>', 'a SQLite file its database starts with')
    .option('--send <channel>', 'where its notifications go, also several times', collect)
    .option('--settings <json>', 'its config as a JSON object, or @ and a file that holds it')
    .option('--allow-host <host>', 'a host it may call, also several times', collect)
    .option('--timeout <duration>', 'how long a run may take (default 60s, at most 15m)')
    .option('--on-failure <channel>', 'told when a run fails, also several times', collect)
    .option('--on-success <channel>', 'told when a run succeeds, also several times', collect)
    .option('--on-completion <channel>', 'told when a run ends, also several times', collect)
    .action(async (name: string, module: string | undefined, options: PushOptions) => {
      const line = await pushJob(cli(), name, module ?? null, options)
      cli().show(line, () => printJob(line, [], cli()))
    })
}

function addDatabase(jobs: Command, cli: () => Cli): void {
  const database = jobs.command('db').description('the database of a job')
  database
    .command('pull')
    .description('save a consistent copy, also while the job runs')
    .argument('<name>')
    .option('-o, --output <file>', 'where to (default <name>.sqlite3)')
    .action((name: string, options: { output?: string }) => runPull(cli(), name, options.output))
  database
    .command('push')
    .description('replace it by this SQLite file; the one before is kept as a backup')
    .argument('<name>')
    .argument('<file>')
    .action((name: string, file: string) => runReplace(cli(), name, file))
  database
    .command('query')
    .description('ask it one SELECT; it changes nothing')
    .argument('<name>')
    .argument('<sql>')
    .option('--rows <n>', 'at most so many', '1000')
    .action((name: string, sql: string, options: { rows: string }) => runQuery(cli(), name, sql, options.rows))
}

const pathOf = (name: string): string => `/jobs/${encodeURIComponent(name)}`

async function runList(cli: Cli): Promise<void> {
  const page = await (await connect(cli)).get<Page<JobLine>>('/jobs')
  cli.show(page, ({ items }) => printJobs(items, cli))
}

async function runShow(cli: Cli, name: string): Promise<void> {
  const client = await connect(cli)
  const line = await client.get<JobLine>(pathOf(name))
  const runs = await client.get<Page<JobRun>>(`${pathOf(name)}/runs`, { limit: 10 })
  cli.show({ ...line, runs: runs.items }, () => printJob(line, runs.items, cli))
}

async function runNow(cli: Cli, name: string, follow: boolean): Promise<void> {
  const client = await connect(cli)
  let run = await client.post<JobRun>(`${pathOf(name)}/run?wait=${waitS}`)
  if (run.outcome === 'running') cli.say(`run ${run.id} is under way`)
  while (run.outcome === 'running') {
    await sleep(askEveryMs, undefined, { signal: cli.signal }).catch(() => {
      throw new CliExit(exitCodes.interrupted, 'interrupted; the run goes on')
    })
    run = await readRun(client, name, run.id)
  }
  cli.show(run, () => printRun(run, cli, follow))
  if (run.outcome !== 'success') throw new CliExit(exitCodes.failed, '')
}

function readRun(client: Client, name: string, id: string): Promise<JobRun> {
  return client.get<JobRun>(`${pathOf(name)}/runs/${encodeURIComponent(id)}`)
}

async function runLogs(cli: Cli, name: string, id: string | undefined, options: { limit: string }): Promise<void> {
  const client = await connect(cli)
  const runs =
    id === undefined
      ? (await client.get<Page<JobRun>>(`${pathOf(name)}/runs`, { limit: options.limit })).items
      : [await readRun(client, name, id)]
  cli.show(runs, () => (runs.length === 0 ? printRuns([]) : runs.map((run) => printRun(run, cli, true)).join('\n\n')))
}

async function runNext(cli: Cli, name: string, count: string): Promise<void> {
  const client = await connect(cli)
  const page = await client.get<Page<string>>(`${pathOf(name)}/next`, { count })
  const { timezone } = await client.get<JobLine>(pathOf(name))
  cli.show(page, ({ items }) => printTimes(items, timezone))
}

async function runEnable(cli: Cli, name: string, verb: 'enable' | 'disable'): Promise<void> {
  const line = await (await connect(cli)).post<JobLine>(`${pathOf(name)}/${verb}`)
  cli.show(line, () =>
    line.enabled
      ? `${name} runs again: ${printTimes(line.next_runs.slice(0, 1), line.timezone)}`
      : `${name} is disabled`,
  )
}

async function runRemove(cli: Cli, name: string, yes: boolean): Promise<void> {
  const client = await connect(cli)
  if (!yes) {
    const line = await client.get<JobLine>(pathOf(name))
    throw new CliExit(
      exitCodes.usage,
      `this would delete ${line.name}, its runs and its database`,
      'add --yes to do it',
    )
  }
  cli.show(await client.del(pathOf(name)), () => `${name} is deleted`)
}

async function runPull(cli: Cli, name: string, output: string = `${name}.sqlite3`): Promise<void> {
  const client = await connect(cli)
  if (/[/\\]/.test(name) && output === `${name}.sqlite3`) {
    throw new CliExit(exitCodes.usage, `"${name}" makes no file name`, '-o says where to')
  }
  const answer = await client.open(`${pathOf(name)}/database`, { signal: transferSignal(cli) })
  const bytes = Buffer.from(await answer.arrayBuffer())
  writeFileSync(output, bytes)
  cli.show({ file: output, size_bytes: bytes.byteLength }, () => `${bytes.byteLength} bytes written to ${output}`)
}

async function runReplace(cli: Cli, name: string, file: string): Promise<void> {
  const bytes = readFileGiven(file)
  const client = await connect(cli)
  const answer = await client.open(`${pathOf(name)}/database`, {
    method: 'PUT',
    body: bytes,
    signal: transferSignal(cli),
  })
  cli.show((await answer.json()) as JobLine, () => `the database of ${name} is replaced; the one before is kept`)
}

async function runQuery(cli: Cli, name: string, sql: string, rows: string): Promise<void> {
  const client = await connect(cli)
  const result = await client.post<QueryResult>(`${pathOf(name)}/query`, { sql, rows: Number(rows) })
  cli.show(result, () => printQuery(result))
  if (result.truncated && !cli.options.json) cli.say(`only the first ${result.rows.length} rows`)
}
