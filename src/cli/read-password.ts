import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { type Cli, CliExit, exitCodes } from './cli.js'

const passwordBytesMax = 4_096
const interrupt = '\u0003'
const endOfInput = '\u0004'
const backspaces = new Set(['\u007f', '\b'])

/**
 * A new password: from a file, from what is piped in, or asked for twice without showing it. Never from an argument,
 * which the whole machine can read while the command runs.
 */
export async function readNewPassword(cli: Cli, file: string | undefined): Promise<string> {
  if (file !== undefined) return firstLine(await readPasswordFile(file))
  if (!process.stdin.isTTY) return firstLine(await readAll(process.stdin))
  const password = await ask(cli, 'New password: ')
  const repeated = await ask(cli, 'The same again: ')
  if (password === repeated) return password
  throw new CliExit(exitCodes.failed, 'the two passwords are not the same')
}

async function readPasswordFile(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => {
    throw new CliExit(exitCodes.notFound, `cannot read the password file ${file}`)
  })
}

async function readAll(input: Readable): Promise<string> {
  let text = ''
  for await (const chunk of input.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > passwordBytesMax) throw new CliExit(exitCodes.usage, 'the password is too long')
  }
  return text
}

/** What comes behind the first line is no part of a password: files end with a line break. */
function firstLine(text: string): string {
  const [line = ''] = text.split(/\r?\n/, 1)
  if (line !== '') return line
  throw new CliExit(exitCodes.usage, 'there is no password', 'give one at the prompt, by a pipe, or in --password-file')
}

/** Asks on the terminal. What is typed is not shown. */
function ask(cli: Cli, prompt: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(prompt)
  stdin.setRawMode(true).setEncoding('utf8').resume()
  return new Promise((resolve, reject) => {
    let typed = ''
    const end = (): void => {
      stdin.off('data', take).setRawMode(false).pause()
      cli.signal.removeEventListener('abort', leave)
      stderr.write('\n')
    }
    const leave = (): void => {
      end()
      reject(new CliExit(exitCodes.interrupted, 'interrupted'))
    }
    // Keys come one by one, but what is pasted comes at once.
    const take = (keys: string): void => {
      for (const key of keys) {
        if (key === interrupt || key === endOfInput) {
          leave()
          return
        }
        if (key === '\r' || key === '\n') {
          end()
          resolve(typed)
          return
        }
        if (backspaces.has(key)) typed = [...typed].slice(0, -1).join('')
        else if (typed.length < passwordBytesMax) typed += key
      }
    }
    stdin.on('data', take)
    cli.signal.addEventListener('abort', leave, { once: true })
  })
}
