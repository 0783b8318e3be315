#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { CommanderError } from 'commander'
import { CliExit, exitCodes } from './cli/cli.js'
import { createProgram } from './cli/program.js'
import { formatIssues } from './config/print-issues.js'
import { ConfigError } from './domain/errors.js'

process.exitCode = await main(process.argv)

/** Argv in, exit code out. The program ends by itself when nothing is left to do. */
async function main(argv: string[]): Promise<number> {
  const stop = new AbortController()
  const json = argv.includes('--json')
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(exitCodes.interrupted)
      stop.abort(new CliExit(exitCodes.interrupted, 'interrupted'))
    })
  }
  try {
    const program = await createProgram(argv.slice(2), process.env, stop.signal)
    await program.parseAsync(argv)
    return typeof process.exitCode === 'number' ? process.exitCode : exitCodes.ok
  } catch (error) {
    return report(error, json)
  }
}

function report(error: unknown, json: boolean): number {
  // Commander has already printed its message; asking for help or the version is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  if (error instanceof ConfigError) {
    const color = process.stderr.isTTY === true && !process.env.NO_COLOR
    process.stderr.write(
      json
        ? `${JSON.stringify({ error: { code: 'config_invalid', message: error.message, hint: null, issues: error.issues } })}\n`
        : `${formatIssues(error.issues, { color })}\n`,
    )
    return exitCodes.config
  }
  if (error instanceof CliExit) {
    if (error.message) write(json, exitName(error.code), error.message, error.hint)
    return error.code
  }
  if (error instanceof Error && error.name === 'StoreError') {
    write(json, 'store', error.message, null)
    return exitCodes.failed
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  return exitCodes.failed
}

function write(json: boolean, code: string, message: string, hint: string | null): void {
  const text = hint ? `mailtrigger: ${message}\n  ${hint}` : `mailtrigger: ${message}`
  process.stderr.write(`${json ? JSON.stringify({ error: { code, message, hint } }) : text}\n`)
}

function exitName(code: number): string {
  return Object.entries(exitCodes).find(([, value]) => value === code)?.[0] ?? 'failed'
}
