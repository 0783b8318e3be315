import pc from 'picocolors'

/** Exit codes, fixed because scripts rely on them. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  auth: 4,
  unreachable: 5,
  config: 78,
  interrupted: 130,
} as const

/** Ends a command with a code, a message for people, and what to do next. */
export class CliExit extends Error {
  override readonly name = 'CliExit'
  readonly code: number
  readonly hint: string | null
  constructor(code: number, message: string, hint: string | null = null) {
    super(message)
    this.code = code
    this.hint = hint
  }
}

export interface GlobalOptions {
  config?: string[]
  data?: string
  server?: string
  tokenFile?: string
  json?: boolean
  quiet?: boolean
  verbose?: boolean
  color?: boolean
}

/** What every command works with. Data goes to `out`, everything said about it to `say`. */
export interface Cli {
  options: GlobalOptions
  env: Record<string, string | undefined>
  colors: ReturnType<typeof pc.createColors>
  out: (text: string) => void
  say: (text: string) => void
  /** Prints one JSON document with `--json`, else what `print` makes of it. */
  show: <Value>(value: Value, print: (value: Value) => string) => void
  /** Fires on Ctrl-C and SIGTERM. */
  signal: AbortSignal
}

export function createCli(options: GlobalOptions, env: Record<string, string | undefined>, signal: AbortSignal): Cli {
  const wantsColor = options.color !== false && !env.NO_COLOR && env.TERM !== 'dumb' && process.stdout.isTTY === true
  const out = (text: string): void => {
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  }
  return {
    options,
    env,
    colors: pc.createColors(wantsColor),
    out,
    say: (text) => {
      if (!options.quiet) process.stderr.write(text.endsWith('\n') ? text : `${text}\n`)
    },
    show: (value, print) => out(options.json ? JSON.stringify(value, null, 2) : print(value)),
    signal,
  }
}

/** For options that may be given several times: a variadic option would swallow the arguments behind it. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}
