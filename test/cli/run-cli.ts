import { AsyncLocalStorage } from 'node:async_hooks'
import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { runCommand } from '#src/cli/run-command.js'

export interface CliResult {
  code: number | null
  out: string
  err: string
}

export interface CliOptions {
  cwd?: string | undefined
  env?: Record<string, string> | undefined
  input?: string | undefined
}

const main = resolve('dist/main.js')
const home = process.cwd()
const written = new AsyncLocalStorage<CliResult>()
let running = 0

/**
 * Runs a command line as `main` does, but in this process: loading the program takes longer than most commands. Those that
 * run at the same time share a folder, which is the process's. So is its input: whoever gives one gets a process.
 */
export async function runCli(args: string[], options: CliOptions = {}): Promise<CliResult> {
  if (options.input !== undefined) return spawnCli(args, options)
  const folder = options.cwd ?? home
  if (running > 0 && folder !== process.cwd()) throw new Error(`another command runs in ${process.cwd()}`)
  process.chdir(folder)
  if (running++ === 0) takeOutput()
  const result: CliResult = { code: null, out: '', err: '' }
  try {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env }
    const argv = [process.execPath, main, ...args]
    result.code = await written.run(result, () => runCommand(argv, env, new AbortController().signal))
    return result
  } finally {
    if (--running === 0) giveOutputBack()
    if (running === 0) process.chdir(home)
  }
}

const { stdout, stderr } = process
const write = { out: stdout.write, err: stderr.write }

/** What a command writes is its result's; what anybody else writes meanwhile goes where it always goes. */
function takeOutput(): void {
  stdout.write = (chunk: string | Uint8Array) => keep('out', chunk) || write.out.call(stdout, chunk)
  stderr.write = (chunk: string | Uint8Array) => keep('err', chunk) || write.err.call(stderr, chunk)
}

function keep(which: 'out' | 'err', chunk: string | Uint8Array): boolean {
  const result = written.getStore()
  if (result) result[which] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
  return result !== undefined
}

function giveOutputBack(): void {
  stdout.write = write.out
  stderr.write = write.err
}

/** Runs the built command line as a user's shell would. */
export function spawnCli(args: string[], options: CliOptions = {}): Promise<CliResult> {
  return new Promise((done) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
      cwd: options.cwd ?? home,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    child.stdin.end(options.input ?? '')
    child.once('close', (code) => done({ code, out, err }))
  })
}

/** A folder with these files in it. */
export function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-cli-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}
