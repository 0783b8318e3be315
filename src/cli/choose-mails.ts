import type { Command } from 'commander'
import { parseDuration } from '../domain/units.js'
import type { MailSummary, Page } from '../store/store.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import type { Client } from './client.js'

/** How a person says which mails are meant. */
export interface MailChoice {
  search?: string
  state?: string
  route?: string
  since?: string
  until?: string
}

const pageSize = 1_000
/** More mails than this are chosen in several goes. */
const chosenMax = 10_000

export function choosing(command: Command): Command {
  return command
    .option(
      '--search <query>',
      'words, "a phrase", back*, -not, from: to: rcpt: subject: body: has:attachment larger: …',
    )
    .option('--status, --state <state>', 'stored, routed, unrouted, held or failed')
    .option('--route <name>', 'mails this route sent')
    .option('--since <time>', 'ISO time, or a duration like 2h')
    .option('--until <time>', 'ISO time, or a duration like 2h')
}

export function isChosen({ search, state, route, since, until }: MailChoice): boolean {
  return [search, state, route, since, until].some((value) => value !== undefined)
}

/** The ids that are given, or those of all mails that fit, oldest first. */
export async function chooseMails(cli: Cli, client: Client, ids: string[], options: MailChoice): Promise<string[]> {
  if (ids.length > 0) {
    if (!isChosen(options)) return [...new Set(ids)]
    throw new CliExit(exitCodes.usage, 'name mails by id, or choose them by options, not both')
  }
  if (!isChosen(options)) {
    throw new CliExit(exitCodes.usage, 'name mails by id, or choose them by --search, --state, --route, --since')
  }
  // Said once: a page that is asked for later must not mean another time.
  const choice = { ...options, since: toMoment(options.since), until: toMoment(options.until) }
  const chosen: string[] = []
  let cursor: string | undefined
  do {
    const page = await listPage(client, choice, { limit: pageSize, cursor, order: 'oldest' })
    chosen.push(...page.items.map((mail) => mail.id))
    cursor = page.next_cursor ?? undefined
  } while (cursor && chosen.length < chosenMax)
  if (cursor)
    cli.say(`more than ${chosenMax} mails fit: these are the oldest ${chosen.length}, the others come next time`)
  return chosen
}

export function listPage(
  client: Client,
  { search, state: status, route, since, until }: MailChoice,
  page: { limit: number; cursor?: string | undefined; order?: 'oldest' },
): Promise<Page<MailSummary>> {
  return client.get('/mails', { search, status, route, since, until, ...page })
}

/** What is neither a duration nor a time is left for the server to refuse. */
function toMoment(text: string | undefined): string | undefined {
  const agoMs = text === undefined ? null : parseDuration(text)
  return agoMs === null ? text : new Date(Date.now() - agoMs).toISOString()
}
