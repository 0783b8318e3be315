import type { Command } from 'commander'
import { type App, startApp } from '../app.js'
import type { ConfigOverrides } from '../config/load.js'
import { formatIssues } from '../config/print-issues.js'
import { createLogger } from '../log/logger.js'
import { version } from '../version.js'
import { type Cli, CliExit, collect, exitCodes } from './cli.js'
import { configSource } from './config-source.js'
import { requireConfig } from './find-files.js'
import { countOf } from './print-table.js'

export interface ServeOptions {
  smtp?: string[]
  http?: string
  watch?: boolean
  publicUrl?: string
  inboxOnly?: boolean
  withoutJobs?: boolean
}

export function addServe(program: Command, cli: () => Cli): void {
  program
    .command('serve')
    .description('receive mail and deliver it, until stopped')
    .option('--smtp <host:port>', 'listen for SMTP here instead, also several times', collect)
    .option('--http <host:port>', 'listen for the API here instead')
    .option('--public-url <url>', 'how people reach this server: messages link to it, to be acknowledged')
    .option('--no-watch', 'do not reload when a config file is saved (SIGHUP still reloads)')
    .option('--inbox-only', 'try a config out: every channel writes into the built-in inbox, nothing leaves')
    .action((options: ServeOptions) => runServe(cli(), requireConfig(cli()), options))
}

/** Runs the server until SIGTERM or Ctrl-C. A second signal ends it at once. */
export async function runServe(cli: Cli, paths: string[], options: ServeOptions): Promise<void> {
  const app = await openApp(cli, paths, options)
  const onHangup = (): void => {
    // The outcome stands in the log and the event stream, and the old config goes on.
    app.reload().catch(() => undefined)
  }
  process.on('SIGHUP', onHangup)
  try {
    cli.say(describeApp(app, paths, cli, cli.options.quiet ? null : await firstSignInLink(app)))
    await Promise.race([aborted(cli.signal), app.died])
  } finally {
    process.off('SIGHUP', onHangup)
    await app.stop()
  }
}

/** Starts the program as the flags and the environment say. */
export async function openApp(cli: Cli, paths: string[], options: ServeOptions): Promise<App> {
  const flags: ConfigOverrides = {}
  if (options.smtp) flags.smtpListen = options.smtp
  if (options.http) flags.httpListen = options.http
  if (options.publicUrl) flags.httpPublicUrl = options.publicUrl
  const logSettings = {
    level: cli.options.quiet ? ('error' as const) : cli.options.verbose ? ('debug' as const) : ('info' as const),
    terminal: process.stderr.isTTY === true,
    color: cli.colors.isColorSupported,
  }
  const source = {
    ...configSource(cli, paths, flags, options.inboxOnly === true),
    withoutJobs: options.withoutJobs === true,
  }
  const app = await startApp({
    source,
    log: createLogger(logSettings),
    logSettings,
    watch: options.watch !== false,
  }).catch((error: unknown) => {
    throw explainStart(error)
  })
  if (app.info.warnings.length > 0) cli.say(formatIssues(app.info.warnings, { color: cli.colors.isColorSupported }))
  return app
}

/** Signs in to the console once, without a password; null as soon as there is another way in. */
export async function firstSignInLink(app: App): Promise<string | null> {
  const { proxyAuth } = app.info.server.http
  if (proxyAuth !== null || (await app.calls.countUsers()) > 0) return null
  const { code } = await app.calls.createSignInCode('mailtrigger')
  return `${app.http.publicUrl}/sign-in/once?code=${code}`
}

export function describeApp(app: App, paths: string[], cli: Cli, signInLink: string | null): string {
  const { colors } = cli
  const smtp = app.smtp.map(({ host, port, tls }) => `${tls === 'implicit' ? 'smtps' : 'smtp'}://${host}:${port}`)
  return [
    `${colors.bold('mailtrigger')} ${version}   ${paths.join(', ')} · ${countOf(app.info.routes, 'route')} · config ${app.info.hash}`,
    `  SMTP     ${smtp.join('  ')}`,
    `  API      ${app.http.url}/api/v1`,
    `  Data     ${app.info.server.dataFolder}`,
    `  Console  ${signInLink ?? app.http.publicUrl}`,
    ...(signInLink ? ['           (works once, for an hour; mailtrigger token --link makes another)'] : []),
  ].join('\n')
}

function explainStart(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const failure = error.cause instanceof Error ? error.cause : error
  const { code, address, port } = failure as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === 'EADDRINUSE') {
    const hint = 'stop what listens there, or take another with --smtp or --http'
    return new CliExit(exitCodes.failed, `${address}:${port} is in use`, hint)
  }
  if (code === 'EACCES' && port !== undefined) {
    const hint = 'ports below 1024 need root or CAP_NET_BIND_SERVICE'
    return new CliExit(exitCodes.failed, `may not listen on ${address}:${port}`, hint)
  }
  return error
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
