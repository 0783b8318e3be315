#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { CliExit, exitCodes } from './cli/cli.js'
import { runCommand } from './cli/run-command.js'

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(exitCodes.interrupted)
    stop.abort(new CliExit(exitCodes.interrupted, 'interrupted'))
  })
}
// Argv in, exit code out. The program ends by itself when nothing is left to do.
process.exitCode = await runCommand(process.argv, process.env, stop.signal)
