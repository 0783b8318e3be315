import { CommanderError } from 'commander'
import { formatIssues } from '../config/print-issues.js'
import { ConfigError } from '../domain/errors.js'
import { CliExit, exitCodes } from './cli.js'
import { createProgram } from './program.js'

/** Runs one command line (`process.argv`) and resolves with its exit code. Never rejects: what failed is said on stderr. */
export async function runCommand(
  argv: string[],
  env: Record<string, string | undefined>,
  signal: AbortSignal,
): Promise<number> {
  try {
    const program = await createProgram(argv.slice(2), env, signal)
    await program.parseAsync(argv)
    return exitCodes.ok
  } catch (error) {
    return report(error, argv.includes('--json'), env)
  }
}

function report(error: unknown, json: boolean, env: Record<string, string | undefined>): number {
  // Commander has already printed its message; asking for help or the version is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  if (error instanceof ConfigError) {
    const color = process.stderr.isTTY === true && !env.NO_COLOR
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
