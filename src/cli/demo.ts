import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { App } from '../app.js'
import { sendMail } from '../channels/send-mail.js'
import type { EngineEvent } from '../domain/events.js'
import type { DeliveryDetail } from '../store/store.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { demoModel, startDemoJudge } from './demo-judge.js'
import { exampleFile, findConfig, programFolder } from './find-files.js'
import { printTrace } from './print-trace.js'
import { toCrlf } from './read-mail-file.js'
import { aborted, describeApp, firstSignInLink, openApp, runServe, type ServeOptions } from './serve.js'

const demoMails = [
  'sentry-error.eml',
  'jenkins-failed.eml',
  'healthchecks-down.eml',
  'uptime-certificate-tomorrow.eml',
  'monit-stop.eml',
  'unroutable.eml',
]
const waitMsMax = 60_000

export function addDemo(program: Command, cli: () => Cli): void {
  program
    .command('demo')
    .description('show the example routes at work on sample mails; nothing leaves this machine')
    .option('--exit', 'end when all samples are through, on a data folder of its own')
    .action((options: { exit?: boolean }) => runDemo(cli(), options.exit === true))
}

/** What `npm start` runs. */
export function addStart(program: Command, cli: () => Cli): void {
  program
    .command('start', { hidden: true })
    .description('serve when there is a routes.yaml, else the demo')
    .action(() => {
      const found = findConfig(cli())
      return found ? runServe(cli(), found, {}) : runDemo(cli(), false)
    })
}

/** The whole path on real input: real SMTP, the real store, pipeline and actions; only the channels are the inbox. */
async function runDemo(cli: Cli, exit: boolean): Promise<void> {
  const ownData = exit && !cli.options.data ? mkdtempSync(join(tmpdir(), 'mailtrigger-demo-')) : null
  const judge = await startDemoJudge()
  const env = { ...cli.env, LLM_BASE_URL: judge.url, OPENAI_API_KEY: 'demo', LLM_MODEL: demoModel }
  const options = { ...cli.options, ...(ownData ? { data: ownData } : {}), quiet: true }
  const serve: ServeOptions = {
    smtp: [await freeAddress(2525)],
    http: await freeAddress(8025),
    watch: false,
    inboxOnly: true,
    withoutJobs: true,
  }
  try {
    const app = await openApp({ ...cli, env, options }, [exampleFile], serve)
    try {
      const link = exit ? null : await firstSignInLink(app)
      cli.out(`${describeApp(app, ['demo: routes.example.yaml, every channel is the built-in inbox'], cli, link)}\n\n`)
      const failed = await sendSamples(app, cli)
      cli.out(nextSteps(app, cli))
      if (failed > 0) throw new CliExit(exitCodes.failed, `${failed} samples did not end as they should`)
      if (!exit) await Promise.race([aborted(cli.signal), app.died])
    } finally {
      await app.stop()
    }
  } finally {
    await judge.stop()
    if (ownData) rmSync(ownData, { recursive: true, force: true })
  }
}

interface Sample {
  file: string
  from: string
  to: string
}

/** Sends one sample after the other and prints what became of it; how many got stuck. */
async function sendSamples(app: App, cli: Cli): Promise<number> {
  const folder = join(programFolder, 'fixtures', 'mails')
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Sample[]
  const { host, port } = app.smtp[0] ?? { host: '127.0.0.1', port: 2525 }
  let failed = 0
  for (const file of demoMails) {
    const sample = index.find((line) => line.file === file)
    if (!sample || !existsSync(join(folder, file))) throw new CliExit(exitCodes.failed, `the sample ${file} is missing`)
    const routed = nextRouted(app)
    const raw = toCrlf(readFileSync(join(folder, file)))
    await sendMail(
      { host, port, tls: 'off', auth: null },
      { envelope: { from: sample.from, to: [sample.to].flat() }, raw },
    )
    const event = await routed
    if (!event) {
      failed++
      cli.out(`${file}: not routed within ${waitMsMax / 1_000} s`)
      continue
    }
    cli.out(`${await printSample(app, cli, event.mail_id)}\n\n`)
  }
  return failed
}

type Routed = Extract<EngineEvent, { type: 'mail.routed' }>

function nextRouted(app: App): Promise<Routed | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), waitMsMax)
    app.onEvent((event) => {
      if (event.type !== 'mail.routed') return
      clearTimeout(timer)
      resolve(event)
    })
  })
}

async function printSample(app: App, cli: Cli, mailId: string): Promise<string> {
  const { colors } = cli
  const deliveries = await settledDeliveries(app, mailId)
  const mail = await app.calls.readMail(mailId)
  const trace = mail?.traces.at(-1)
  if (!mail || !trace) return `${mailId}: no trace`
  const status = mail.status === 'routed' ? colors.green(mail.status) : colors.yellow(mail.status)
  const head = `${colors.bold(mail.subject)}   ${status}`
  const facts = colors.dim(`${mail.id} · from ${mail.envelope.from} → ${mail.envelope.to.join(', ')}`)
  const shown = { ...trace, routes: trace.outcome === 'unrouted' ? trace.routes : trace.routes.filter(tookPart) }
  return [head, facts, printTrace(shown, { colors, all: false, deliveries })].join('\n')
}

function tookPart(route: { verdict: string }): boolean {
  return route.verdict === 'matched' || route.verdict === 'retry'
}

async function settledDeliveries(app: App, mailId: string): Promise<DeliveryDetail[]> {
  const until = Date.now() + waitMsMax
  for (;;) {
    const mail = await app.calls.readMail(mailId)
    const details: DeliveryDetail[] = []
    for (const line of mail?.delivery_list ?? []) {
      const detail = await app.calls.readDelivery(line.id)
      if (detail) details.push(detail)
    }
    const open = details.some((line) => line.status === 'queued' || line.status === 'processing')
    if (!open || Date.now() > until) return details.reverse()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function nextSteps(app: App, cli: Cli): string {
  const { host, port } = app.smtp[0] ?? { host: '127.0.0.1', port: 2525 }
  return [
    cli.colors.bold('Try it'),
    `  swaks --server ${host}:${port} --to devops@mailtrigger.app --h-Subject '[Sentry] Project 1 Error' --body 'level = error'`,
    '  npx mailtrigger mails list        what came in',
    '  npx mailtrigger mails show ID     what happened to it, and why',
    '  npx mailtrigger tail              watch it happen',
    '  npx mailtrigger init my-routes    write a routes.yaml of your own; it reloads on save',
  ].join('\n')
}

/** The usual port when it is free, else any: the demo must not fail because something else runs. */
function freeAddress(port: number): Promise<string> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve('127.0.0.1:0'))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(`127.0.0.1:${port}`)))
  })
}
