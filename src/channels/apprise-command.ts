import { type ChildProcess, spawn } from 'node:child_process'
import type { Outcome } from '../domain/channel.js'
import { redactText } from './redact-text.js'

/** More of what it says is not kept, however much it says. */
const outputCharactersMax = 8_000

/** What the child may know of our environment: how to run, and where its configuration lies. None of our secrets. */
const environmentKept = ['PATH', 'HOME', 'XDG_CONFIG_HOME']

/**
 * Runs Apprise's command line tool once, without a shell. The body goes in by standard input, the URLs by environment:
 * arguments can be read by everybody on the machine. Ends with the signal at the latest.
 */
export function runApprise(
  command: string,
  notice: { title: string; body: string; type: string; tag?: string },
  { urls, secrets }: { urls: string[]; secrets: string[] },
  signal: AbortSignal,
): Promise<Outcome> {
  const tagged = notice.tag === undefined ? [] : [`--tag=${notice.tag}`]
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(notStarted('the attempt was ended'))
    const child = spawn(command, [`--title=${notice.title}`, `--notification-type=${notice.type}`, ...tagged], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: environmentFor(urls),
    })
    const output = keepOutput(child)
    const kill = () => child.kill('SIGKILL')
    signal.addEventListener('abort', kill, { once: true })
    const settle = (outcome: Outcome) => {
      signal.removeEventListener('abort', kill)
      resolve(outcome)
    }
    child.once('error', (error: NodeJS.ErrnoException) => settle(outcomeOfError(error, command)))
    child.once('close', (code) => settle(outcomeOfExit(code, redactText(hideUrls(output()), secrets))))
    // A child that ends without reading breaks the pipe; its exit code says all there is to say.
    child.stdin.on('error', () => {})
    child.stdin.end(notice.body)
  })
}

/** Apprise keeps its secrets in URLs, also in ones that are not in our settings. */
export function hideUrls(said: string): string {
  return said.replace(/\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s"'<>,]+/gi, '$1***')
}

function environmentFor(urls: string[]): NodeJS.ProcessEnv {
  const kept = environmentKept.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...Object.fromEntries(kept),
    // Python reads standard input by the locale.
    LC_ALL: 'C.UTF-8',
    ...(urls.length === 0 ? {} : { APPRISE_URLS: urls.join(' ') }),
  }
}

/** Reads all, so that the child never waits for us, and keeps the beginning. */
function keepOutput({ stdout, stderr }: ChildProcess): () => string {
  let kept = ''
  for (const stream of [stdout, stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (chunk: string) => {
      kept += chunk.slice(0, outputCharactersMax - kept.length)
    })
  }
  return () => kept
}

function outcomeOfError(error: NodeJS.ErrnoException, command: string): Outcome {
  // Out of processes or memory passes; a program that is not there, or may not be run, does not come by waiting.
  if (error.code === 'EAGAIN' || error.code === 'ENOMEM' || error.code === 'EMFILE') return notStarted(`${error.code}`)
  const text = error.code === 'ENOENT' ? `${command} is not installed` : `${command} cannot be run: ${error.code}`
  return { kind: 'permanent', scope: 'channel', statusCode: null, text }
}

/** 1 is that a service failed, 2 that the call is wrong, 3 that there was nobody to notify (Apprise, "CLI usage"). */
function outcomeOfExit(code: number | null, said: string): Outcome {
  const text = said === '' ? `apprise ended with ${code}` : `apprise ended with ${code}: ${said}`.slice(0, 1_000)
  if (code === 0) return { kind: 'accepted', remote: {}, statusCode: null, text: 'apprise notified all' }
  if (code === null) return { kind: 'unknown', text: 'apprise was ended while it worked' }
  if (code === 2 || code === 3) return { kind: 'permanent', scope: 'channel', statusCode: null, text }
  return { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode: null, text }
}

function notStarted(text: string): Outcome {
  return { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode: null, text }
}
