import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { type OwnVendor, replyJson, textsOf, type Vendor } from './vendor.js'

const url = 'tgram://CANARY:token/12345678'

const notice = z.strictObject({
  title: z.string().max(256),
  body: z.string().min(1).max(2_000),
  type: z.enum(['info', 'success', 'warning', 'failure']),
  format: z.enum(['text', 'markdown', 'html']),
  tag: z.string().optional(),
  urls: z.array(z.literal(url)).optional(),
})

function server(variant: string, path: string, settings: Record<string, unknown>): Vendor {
  return {
    kind: 'apprise',
    variant,
    address: null,
    settings: (baseUrl) => ({ base_url: baseUrl, ...settings }),
    answer(request) {
      if (request.method !== 'POST' || request.path !== path) return { status: 204 }
      const { data, error } = notice.safeParse(request.json)
      if (error) return replyJson(400, { error: error.issues.map(({ message }) => message).join(', ') })
      if ((data.urls === undefined) !== (path !== '/notify')) return { status: 204 }
      return replyJson(200, { error: null, details: [['INFO', '2026-08-01', 'Sent Telegram notification.']] })
    },
    read: ({ json }) => textsOf(json),
    errors: [
      ['nobody', { status: 204 }, { kind: 'permanent', scope: 'channel' }],
      ['bad request', replyJson(400, { error: 'Bad FORM Payload' }), { kind: 'permanent', scope: 'message' }],
      ['too many servers', { status: 406 }, { kind: 'permanent', scope: 'channel' }],
      ['one of them failed', replyJson(424, { error: `${url} failed` }), { kind: 'transient', waitScope: 'delivery' }],
      ['too large', { status: 431 }, { kind: 'degrade', to: 'short' }],
      ['throttled', { status: 429, headers: { 'retry-after': '9' } }, { kind: 'transient', waitMs: 9_000 }],
      ['down', { status: 500 }, { kind: 'transient' }],
    ],
  }
}

export const appriseKey = server('key', '/notify/CANARY-key', { config_key: 'CANARY-key', tag: 'devops' })
export const appriseUrls = server('urls', '/notify', { urls: [url] })

/** A program that takes what the command line tool takes, and writes down what it got. */
const program = `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs')
const options = Object.fromEntries(process.argv.slice(2).map((argument) => /^--([a-z-]+)=(.*)$/s.exec(argument).slice(1)))
if (process.env.APPRISE_URLS !== '${url}' || process.env.npm_config_user_agent) process.exit(3)
if (!['info', 'success', 'warning', 'failure'].includes(options['notification-type'])) process.exit(2)
const body = readFileSync(0, 'utf8')
if (body.trim() === '') process.exit(1)
appendFileSync(__filename + '.jsonl', JSON.stringify({ ...options, body }) + '\\n')
`

export const appriseCommand: OwnVendor = {
  kind: 'apprise',
  variant: 'command',
  address: null,
  async start() {
    const folder = await mkdtemp(join(tmpdir(), 'apprise-'))
    const command = join(folder, 'apprise')
    await writeFile(command, program)
    await chmod(command, 0o700)
    await writeFile(`${command}.jsonl`, '')
    return {
      settings: { command, urls: [url] },
      async shown() {
        const lines = (await readFile(`${command}.jsonl`, 'utf8')).trimEnd().split('\n')
        return lines.filter((line) => line !== '').map((line) => textsOf(JSON.parse(line)))
      },
      changes: {},
      stop: () => rm(folder, { recursive: true }),
    }
  },
}
