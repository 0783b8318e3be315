import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Command } from 'commander'
import { checkRouteTestNames, loadRouteTests } from '../config/route-tests.js'
import { ConfigError } from '../domain/errors.js'
import type { JobTest, MailTest, RouteTestFile } from '../domain/route-test.js'
import { type Explanation, explainMail } from '../engine/explanation.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { composeTestMail } from './compose-test-mail.js'
import { configSource } from './config-source.js'
import { judgeJobTest, judgeRouteTest, type TestedRun } from './judge-route-test.js'
import { formatJunit } from './junit.js'
import { loadOffline, openOfflineRouting } from './offline-routing.js'
import { cut, printTrace } from './print-trace.js'
import { mockJudge, mockRequest } from './route-test-mocks.js'
import { type JobTester, openJobTester } from './run-job-test.js'
import { addStoredChannelOption, readStoredChannelOption, type StoredChannelOption } from './stored-channels.js'
import { addUploadedOption, readUploadedOption, type UploadedOption } from './uploaded-actions.js'

export interface TestResult {
  file: string
  name: string
  problems: string[]
  durationMs: number
  came: { type: 'mail'; explanation: Explanation } | { type: 'job'; runs: TestedRun[] }
}

interface TestOptions extends UploadedOption, StoredChannelOption {
  filter?: string
  coverage?: boolean
  junit?: string
}

const testMsMax = 60_000

export function addTest(program: Command, cli: () => Cli): void {
  addStoredChannelOption(addUploadedOption(program.command('test')))
    .description('run route tests: mails, and what should become of them; nothing is sent')
    .argument('[files...]', 'test files (default: every *.test.yaml in this folder)')
    .option('--filter <text>', 'only tests whose name has this text')
    .option('--coverage', 'list routes that never matched, or always did')
    .option('--junit <file>', 'write the results as JUnit XML')
    .action((files: string[], options: TestOptions) => runTests(cli(), files, options))
}

async function runTests(cli: Cli, files: string[], options: TestOptions): Promise<void> {
  const chosen = files.length > 0 ? files : findTestFiles('.')
  if (chosen.length === 0)
    throw new CliExit(exitCodes.notFound, 'there is no *.test.yaml here', 'mailtrigger init writes one')
  const results: TestResult[] = []
  const routes = new Set<string>()
  for (const file of chosen) {
    const tests = await loadRouteTests(file, { env: cli.env })
    results.push(...(await runFile(cli, tests, options, routes)))
  }
  const failed = results.filter((result) => result.problems.length > 0).length
  if (options.junit) writeFileSync(options.junit, formatJunit(results))
  cli.show(results.map(toJson), () => printSummary(results, failed, cli))
  if (options.coverage && !cli.options.json) cli.out(printCoverage(results, routes))
  if (results.length === 0) throw new CliExit(exitCodes.failed, 'no test was run')
  if (failed > 0) throw new CliExit(exitCodes.failed, '')
}

function findTestFiles(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /\.test\.ya?ml$/.test(name))
        .sort()
        .map((name) => join(folder, name))
    : []
}

async function runFile(
  cli: Cli,
  file: RouteTestFile,
  options: TestOptions,
  routes: Set<string>,
): Promise<TestResult[]> {
  const uploaded = readUploadedOption(options)
  const storedChannels = readStoredChannelOption(options)
  const { config } = await loadOffline(configSource(cli, file.config), { uploaded, storedChannels })
  const misnamed = checkRouteTestNames(file, config)
  if (misnamed.length > 0) throw new ConfigError(misnamed)
  for (const route of config.routes) routes.add(route.name)
  const clock = { now: file.now ?? Date.now() }
  const routing = await openOfflineRouting({
    config,
    uploaded,
    judge: mockJudge(file.mocks.llm, config),
    request: mockRequest(file.mocks.http),
    now: () => clock.now,
  })
  const jobs = openJobTester(config)
  const fileNow = clock.now
  const results: TestResult[] = []
  try {
    for (const test of file.tests) {
      if (options.filter && !test.name.includes(options.filter)) continue
      clock.now = test.now ?? fileNow
      const startedAt = performance.now()
      const tested =
        test.type === 'mail'
          ? await runMailTest(test, clock.now, routing.parts)
          : await runJobTest(test, clock.now, jobs, cli.signal)
      const result = { file: file.file, name: test.name, durationMs: performance.now() - startedAt, ...tested }
      results.push(result)
      if (!cli.options.json) cli.out(printResult(result, cli))
    }
  } finally {
    await jobs.stop()
    await routing.stop()
  }
  return results
}

type Tested = Pick<TestResult, 'problems' | 'came'>
type Parts = Parameters<typeof explainMail>[0]

async function runMailTest(test: MailTest, now: number, parts: Parts): Promise<Tested> {
  const raw = { ...(await composeTestMail(test.mail, now)), auth: test.auth }
  const explanation = await explainMail(parts, raw, AbortSignal.timeout(testMsMax))
  return { problems: judgeRouteTest(test.expect, explanation), came: { type: 'mail', explanation } }
}

async function runJobTest(test: JobTest, now: number, jobs: JobTester, signal: AbortSignal): Promise<Tested> {
  const runs = await jobs.run(test, now, signal)
  return { problems: judgeJobTest(test.expect, runs), came: { type: 'job', runs } }
}

function printResult(result: TestResult, cli: Cli): string {
  const { colors } = cli
  if (result.problems.length === 0) return `${colors.green('✓')} ${result.name}`
  return [
    `${colors.red('✗')} ${colors.bold(result.name)}  ${colors.dim(result.file)}`,
    ...result.problems.map((problem) => `    ${colors.red(problem)}`),
    printWhatCame(result.came, cli).replace(/^/gm, '    '),
  ].join('\n')
}

function printWhatCame(came: TestResult['came'], { colors }: Cli): string {
  if (came.type === 'mail') return printTrace(came.explanation.trace, { colors, all: false })
  const lines = came.runs.flatMap(({ at, error, logs, deliveries }, index) => [
    `run ${index + 1} at ${new Date(at).toISOString()}${error === null ? '' : `: ${colors.red(error)}`}`,
    ...logs.map((log) => colors.dim(`  ${log.level}: ${cut(log.message, 200)}`)),
    ...deliveries.map(
      (line) => `  ✈ ${[line.channel, line.recipient].filter(Boolean).join(' ')}  ${cut(line.title, 100)}`,
    ),
  ])
  return lines.join('\n')
}

function printSummary(results: TestResult[], failed: number, { colors }: Cli): string {
  const passed = colors.green(`${results.length - failed} passed`)
  return `${passed}, ${failed > 0 ? colors.red(`${failed} failed`) : '0 failed'}`
}

function toJson({ file, name, problems, came }: TestResult) {
  const result = { file, name, ok: problems.length === 0, problems }
  return came.type === 'mail' ? { ...result, trace: came.explanation.trace } : { ...result, runs: came.runs }
}

/** A route no test makes match is unproved; one no test leaves unmatched may match everything. */
function printCoverage(results: TestResult[], routes: Set<string>): string {
  const matched = new Set<string>()
  const unmatched = new Set<string>()
  for (const { came } of results) {
    if (came.type !== 'mail') continue
    for (const route of came.explanation.trace.routes)
      (route.verdict === 'matched' ? matched : unmatched).add(route.name)
  }
  const never = [...routes].filter((name) => !matched.has(name))
  const always = [...routes].filter((name) => matched.has(name) && !unmatched.has(name))
  return [
    `coverage: ${matched.size} of ${routes.size} routes matched in some test`,
    ...never.map((name) => `  never matched: ${name}`),
    ...always.map((name) => `  never left unmatched: ${name}`),
  ].join('\n')
}
