import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ulid } from 'ulid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildActionInput } from '#src/act/action-input.js'
import type { RawMail } from '#src/domain/mail.js'
import type { WasmHost } from '#src/domain/wasm.js'
import { createParser, type MailParser } from '#src/receive/mime/parser.js'
import { createWasmHost } from '#src/wasm/host.js'
import { actionOf, attachmentOf } from '../act/stand-ins.js'
import { openSandbox } from '../jobs/sandbox-fixture.js'

/**
 * What the actions and the job that ship answer over the ABI, in whatever language they are written. A difference is
 * either a mistake or a change that users see: then write the answers anew with UPDATE_GOLDEN=1 and look at them.
 */
const folder = fileURLToPath(new URL('golden/', import.meta.url))

const languages: Record<string, (name: string) => string> = {
  TypeScript: (name) => `wasm-actions/${name}.ts`,
  AssemblyScript: (name) => `wasm-actions/examples/assemblyscript/${name}.as.ts`,
  C: (name) => `wasm-actions/examples/c/${name}.wasm`,
}
const leaking = `From: ci@mailtrigger.app\r\nTo: devops@mailtrigger.app\r\nSubject: deploy failed, token=hunter2\r\n\r\n${[
  'env: DB_PASSWORD=hunter2 STAGE=prod',
  'curl -H "Authorization: Bearer abcdef" https://app.mailtrigger.app:8443/health',
  'psql postgres://app:hunter2@db.mailtrigger.app/shop',
  'exit 1',
].join('\r\n')}\r\n`

interface GoldenAction {
  lookup: string | null
  mails: string[]
  written: string[]
}
const actions: Record<string, GoldenAction> = {
  'project-owner': {
    lookup: 'project-owners',
    mails: [
      'sentry-error',
      'sentry-error-plain',
      'sentry-folded-utf8',
      'sentry-unknown-project',
      'sentry-activity',
      'cron-no-to',
    ],
    written: ['TypeScript', 'AssemblyScript', 'C'],
  },
  'jenkins-culprits': {
    lookup: 'developers',
    mails: ['jenkins-failed', 'jenkins-back-to-normal', 'jenkins-mailer', 'unroutable'],
    written: ['TypeScript', 'AssemblyScript', 'C'],
  },
  'domain-owner': {
    lookup: 'domain-owners',
    mails: [
      'healthchecks-down',
      'healthchecks-native-down',
      'uptime-certificate-tomorrow',
      'uptime-down',
      'unroutable',
    ],
    written: ['TypeScript'],
  },
  'redact-secrets': { lookup: null, mails: ['leaking', 'jenkins-failed'], written: ['TypeScript'] },
}

let cache: string
let host: WasmHost
let parser: MailParser
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'wasm-golden-'))
  host = createWasmHost({ cacheFolder: cache })
  parser = createParser()
})
afterAll(async () => {
  await Promise.all([host.stop(), parser.stop()])
  await rm(cache, { recursive: true, force: true })
})

describe('an action answers as it always did', () => {
  for (const [name, { lookup, mails, written }] of Object.entries(actions)) {
    it.each(written)(`${name} in %s`, { timeout: 60_000 }, async (language) => {
      const module = await host.load(languages[language]?.(name) ?? '')
      const answers: Record<string, unknown> = {}
      for (const sample of mails) {
        const input = await inputOf(name, sample, lookup)
        const request = { module, export: 'handle' as const, input, config: {}, timeoutMs: 10_000 }
        const { output, logs } = await host.call(request, new AbortController().signal)
        answers[sample] = { output, logs }
      }
      // Only the one in TypeScript writes: the others have to say the same.
      compare(name, answers, language === 'TypeScript')
    })
  }
})

describe('a job answers as it always did', () => {
  it('monit-watch', { timeout: 60_000 }, async () => {
    compare(
      'monit-watch',
      {
        'restarted within a minute': await watch(['monit-stop', 'monit-start'], ['17:00', '17:30']),
        'stays down': await watch(['monit-stop'], ['16:45', '17:00', '17:30', '18:00']),
        'down for two hours between two runs': await watch(['monit-stop'], ['16:31', '18:30']),
      },
      true,
    )
  })
})

async function inputOf(name: string, sample: string, lookup: string | null): Promise<unknown> {
  const raw = sample === 'leaking' ? Buffer.from(leaking) : readSample(sample)
  const mail = await parser.parse(rawMail(raw, 0), new AbortController().signal)
  const attached = lookup
    ? [attachmentOf(`${lookup}.json`, readFileSync(`fixtures/lookups/${lookup}.json`, 'utf8'))]
    : []
  return buildActionInput({
    action: actionOf(name),
    mail: { ...mail, id: '01KAFN0000000000000000000A' },
    recipients: ['devops@mailtrigger.app'],
    variables: {},
    attachments: [...mail.attachments, ...attached],
  })
}

/** The job's runs at these times of 20 November 2026, after the mails came in at 16:30 and a minute later each. */
async function watch(samples: string[], times: string[]): Promise<unknown[]> {
  const box = openSandbox()
  try {
    const database = box.databasePath('monit')
    copyFileSync('wasm-actions/monit-watch.sqlite3', database)
    const mails = samples.map((sample, index) => rawMail(readSample(sample), index * 60_000))
    await box.store.saveMails(mails)
    const tim = { address: 'tim@mailtrigger.app', name: 'Tim', manager: 'boss@mailtrigger.app', channels: ['telegram'] }
    const runs: unknown[] = []
    for (const time of times) {
      const now = `2026-11-20T${time}:00.000Z`
      const options = { database, runId: time, now, surroundings: { people: [tim] } }
      const { report, logs } = await box.runModule('wasm-actions/monit-watch.ts', options)
      await box.sandbox.clearReport(database, report.run_id)
      const { notifications, rows_changed } = report
      runs.push({ now, logs, notifications, rows_changed })
    }
    return runs
  } finally {
    await box.stop()
  }
}

function readSample(name: string): Buffer {
  return readFileSync(`fixtures/mails/${name}.eml`)
}

function rawMail(raw: Buffer, afterMs: number): RawMail {
  const receivedAt = Date.parse('2026-11-20T16:30:06Z') + afterMs
  const to = ['devops@mailtrigger.app']
  const envelope = {
    from: 'monit@web-01.mailtrigger.app',
    to,
    client: '127.0.0.1',
    helo: 'web-01',
    tls: false,
    user: null,
  }
  return { id: ulid(receivedAt), receivedAt, envelope, raw: new Uint8Array(raw) }
}

function compare(name: string, answers: unknown, mayWrite: boolean): void {
  const text = `${JSON.stringify(answers, null, 2)}\n`
  const file = `${folder}${name}.json`
  if (mayWrite && process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, text)
  }
  expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(file, 'utf8')))
}
