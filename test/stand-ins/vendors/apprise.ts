import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { startWebhookSink } from '../webhook-sink.js'
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

export const appriseKey = server('key', '/notify/CANARY-key', { key: 'CANARY-key', tag: 'devops' })
export const appriseUrls = server('urls', '/notify', { urls: [url] })

/** A program that takes what the command line tool takes, and posts what it got to a sink. */
const program = `#!${process.execPath}
const options = Object.fromEntries(process.argv.slice(2).map((argument) => /^--([a-z-]+)=(.*)$/s.exec(argument).slice(1)))
if (process.env.APPRISE_URLS !== '${url}' || process.env.npm_config_user_agent) process.exit(3)
if (!['info', 'success', 'warning', 'failure'].includes(options['notification-type'])) process.exit(2)
let body = ''
process.stdin.setEncoding('utf8')
process.stdin.on('data', (chunk) => { body += chunk })
process.stdin.on('end', async () => {
  const sent = await fetch('SINK', { method: 'POST', body: JSON.stringify({ ...options, body }) })
  if (!sent.ok) console.error('could not notify ${url}')
  process.exitCode = sent.ok ? 0 : 1
})
`

export const appriseCommand: OwnVendor = {
  kind: 'apprise',
  variant: 'command',
  address: null,
  async start() {
    const sink = await startWebhookSink()
    const folder = await mkdtemp(join(tmpdir(), 'apprise-'))
    const command = join(folder, 'apprise')
    await writeFile(command, program.replace('SINK', sink.url))
    await chmod(command, 0o700)
    return {
      settings: { command, urls: [url] },
      shown: () => sink.requests.map(({ json }) => textsOf(json)),
      changes: {},
      async stop() {
        await sink.stop()
        await rm(folder, { recursive: true })
      },
    }
  },
}
