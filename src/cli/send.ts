import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { type OutgoingMail, sendMail } from '../channels/send-mail.js'
import { type Cli, CliExit, collect, exitCodes } from './cli.js'
import { connect } from './client.js'
import { readMailFile } from './read-mail-file.js'

export interface SendOptions {
  to: string[]
  from: string
  subject?: string
  body?: string
  eml?: string
  header?: string[]
  attach?: string[]
  tls: 'starttls' | 'tls' | 'off'
  user?: string
  passFile?: string
  smtp?: string
}

export function addSend(program: Command, cli: () => Cli): void {
  program
    .command('send')
    .description('send a mail into the server over SMTP, as a service would')
    .requiredOption('--to <address>', 'envelope recipient, also several times', collect)
    .option('--from <address>', 'envelope sender', 'mailtrigger-send@localhost')
    .option('--subject <text>')
    .option('--body <text>', 'the text, or - for standard input')
    .option('--eml <file>', 'send this mail as it is')
    .option('--header <name:value>', 'a further header, also several times', collect)
    .option('--attach <file>', 'an attachment, also several times', collect)
    .option('--tls <mode>', 'starttls, tls or off', 'off')
    .option('--user <name>', 'AUTH name')
    .option('--pass-file <file>', 'where the AUTH password is')
    .option('--smtp <host:port>', 'where to send (default: the running server)')
    .action((options: SendOptions) => runSend(cli(), options))
}

async function runSend(cli: Cli, options: SendOptions): Promise<void> {
  if (!['starttls', 'tls', 'off'].includes(options.tls))
    throw new CliExit(exitCodes.usage, '--tls takes starttls, tls or off')
  const { host, port } = await findSmtp(cli, options)
  const password = options.passFile ? readFileSync(options.passFile, 'utf8').trim() : ''
  const auth = options.user ? { user: options.user, pass: password } : null
  const answer = await sendMail({ host, port, tls: options.tls, auth }, await composeMail(options)).catch(
    (error: Error) => {
      throw new CliExit(exitCodes.failed, `the server did not take it: ${error.message}`)
    },
  )
  cli.show({ answer }, () => answer)
}

async function composeMail(options: SendOptions): Promise<OutgoingMail> {
  const envelope = { from: options.from, to: options.to }
  if (options.eml) return { envelope, raw: (await readMailFile(options.eml, envelope, Date.now())).raw }
  const text = options.body === '-' ? readFileSync(0, 'utf8') : (options.body ?? '')
  const headers = (options.header ?? []).map((line) => {
    const colon = line.indexOf(':')
    if (colon < 1) throw new CliExit(exitCodes.usage, `--header takes Name: value, not "${line}"`)
    return { key: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() }
  })
  const attachments = (options.attach ?? []).map((file) => ({ filename: basename(file), content: readFileSync(file) }))
  return { envelope, subject: options.subject ?? '', text, headers, attachments }
}

async function findSmtp(cli: Cli, options: SendOptions): Promise<{ host: string; port: number }> {
  if (options.smtp) {
    const colon = options.smtp.lastIndexOf(':')
    const port = Number(options.smtp.slice(colon + 1))
    if (colon < 1 || !Number.isInteger(port)) throw new CliExit(exitCodes.usage, '--smtp takes host:port')
    return { host: options.smtp.slice(0, colon).replace(/^\[|\]$/g, ''), port }
  }
  const client = await connect(cli)
  const { smtp } = await client.get<{ smtp: { host: string; port: number; tls: string }[] }>('/status')
  const wanted = options.tls === 'tls' ? 'implicit' : 'starttls'
  const found = smtp.find((line) => line.tls === wanted)
  if (!found) throw new CliExit(exitCodes.failed, 'the server has no listener of that kind')
  const anyHost = found.host === '0.0.0.0' || found.host === '::'
  return { host: anyHost ? '127.0.0.1' : found.host, port: found.port }
}
