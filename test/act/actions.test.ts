import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runAction } from '#src/act/run-action.js'
import type { ActResult } from '#src/domain/act.js'
import type { Mail } from '#src/domain/mail.js'
import type { WasmHost } from '#src/domain/wasm.js'
import { createWasmHost } from '#src/wasm/host.js'
import { actionOf, attachmentOf, mailOf } from './stand-ins.js'

let folder: string
let host: WasmHost

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'actions-'))
  host = createWasmHost({ cacheFolder: folder })
})
afterAll(async () => {
  await host.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Runs one of the actions that ship, with a lookup attached behind the mail's own attachments. */
async function act(
  name: string,
  mail: Partial<Mail>,
  lookup: { filename: string; data: unknown } | null,
): Promise<ActResult> {
  const whole = mailOf(mail)
  const module = await host.load(fileURLToPath(new URL(`../../wasm-actions/${name}.ts`, import.meta.url)))
  const attached = lookup ? [attachmentOf(lookup.filename, JSON.stringify(lookup.data))] : []
  const attachments = [...whole.attachments, ...attached]
  const call = {
    action: actionOf(name),
    module,
    mail: whole,
    recipients: ['devops@corp.test'],
    variables: {},
    attachments,
  }
  return runAction({ host }, call, new AbortController().signal)
}

const kept = ['devops@corp.test']
const tim = 'tim@corp.test'
const jolin = 'jolin@corp.test'

describe('project-owner', () => {
  const data = {
    'Project 1': [tim, jolin],
    'project-2': jolin,
    'frontend-zh': { name: 'Jolin', email: jolin },
    購物車: [{ email: tim }],
    'Error Handler': tim,
    Nobody: [],
    'No Address': 'tim',
  }
  const owners = { filename: 'project-owners.json', data }
  const cases: [subject: string, header: string | null, recipients: string[]][] = [
    ['[Sentry] Project 1 Error', null, [tim, jolin]],
    ['[Sentry] PROJECT-1-4K - TypeError: price is undefined', 'project-1', [tim, jolin]],
    ['[Sentry] PROJECT-1-4K - TypeError: price is undefined', null, [tim, jolin]],
    ['[Sentry] [Project 1] error: timeout while paying', null, [tim, jolin]],
    ['[Sentry] [project-2] warning: slow', null, [jolin]],
    ['[Sentry] Project 2 Error', null, [jolin]],
    ['[Sentry] FRONTEND-ZH-1Z - 無法讀取', null, [jolin]],
    ['[Sentry] 購物車 Error', null, [tim]],
    ['[Sentry] Error Handler Error', null, [tim]],
    ['[Sentry] Error Handler Error: again an error', null, [tim]],
    ['Re: [Sentry] PROJECT-1-4K - TypeError: price', 'project-1', [tim, jolin]],
    ['[Resolved] Checkout error count - project-1', 'project-1', [tim, jolin]],
    ['   [sentry] project_1 ERROR', null, [tim, jolin]],
    // A title may say anything: the header decides.
    ['[Sentry] SECRET-9 - [Project 1] error: x', 'secret', kept],
    ['[Sentry] PROJECT-2-7 - Project 1 Error', null, [jolin]],
    // What names no project, or one that nobody owns.
    ['[Sentry] Unknown Project Error', null, kept],
    ['[Sentry] Nobody Error', null, kept],
    ['[Sentry] No Address Error', null, kept],
    ['[Sentry] constructor Error', null, kept],
    ['[Sentry] Project 11 Error', null, kept],
    ['Fwd: [Sentry] Project 1 Error', null, kept],
    ['Weekly report for Project 1', null, kept],
    ['Project 1 Error', null, kept],
    ['[Sentry]', null, kept],
    ['', null, kept],
  ]
  for (const [subject, header, recipients] of cases) {
    it(`${subject}${header ? ` (header ${header})` : ''} → ${recipients.join(', ')}`, async () => {
      const headers: Record<string, string[]> = header ? { 'x-sentry-project': [header] } : {}
      const result = await act('project-owner', { subject, headers }, owners)
      expect(result.recipients).toEqual(recipients)
      expect(result.reason).toMatch(/./)
    })
  }

  it('says what is missing when the lookup is not there or is broken', async () => {
    const subject = '[Sentry] Project 1 Error'
    for (const lookup of [null, { filename: 'project-owners.json', data: [1] }, { filename: 'other.json', data }]) {
      const result = await act('project-owner', { subject }, lookup)
      expect(result).toMatchObject({ recipients: kept, reason: expect.stringContaining('project-owners.json') })
    }
  })

  it('is not fooled by a file the sender attached', async () => {
    const forged = attachmentOf('project-owners.json', JSON.stringify({ 'Project 1': 'thief@evil.test' }))
    const result = await act('project-owner', { subject: '[Sentry] Project 1 Error', attachments: [forged] }, owners)
    expect(result.recipients).toEqual([tim, jolin])
  })
})

describe('jenkins-culprits', () => {
  const developers = { filename: 'developers.json', data: { tim, 'Jolin Chen': { email: jolin }, bot: [] } }
  const ruler = '-'.repeat(42)
  const cases: [name: string, lines: string[], recipients: string[]][] = [
    [
      'the form of the mailer',
      [
        'See <http://ci/1/>',
        '',
        'Changes:',
        '',
        '[tim] Fix the cart',
        '',
        '[jolin chen] Add tests',
        '',
        '',
        ruler,
        'Started by an SCM change',
      ],
      [tim, jolin],
    ],
    [
      'a list with dashes',
      ['Build number: 7', '', 'Changes:', '', '- [tim] Fix the cart Refs #451', '- [Jolin Chen] Add feature'],
      [tim, jolin],
    ],
    ['somebody twice', ['Changes:', '[tim] One', '[tim] Two', ruler], [tim]],
    ['a ticket in the message', ['Changes:', '[tim] [BOT-1] Fix [bot] things', ruler], [tim]],
    [
      'messages of several lines',
      ['Changes:', '', '[tim] One', '', '* more', '* [jolin chen] half', '  [jolin chen] done', '', ruler],
      [tim],
    ],
    ['a stranger beside somebody', ['Changes:', '[ghost] One', '[tim] Two', ruler], [tim]],
    [
      'the form of email-ext',
      ['Changes for Build #401', '[tim] One', '', 'Console output:', '[jolin chen] is a log line'],
      [tim],
    ],
    [
      'log lines that look like changes',
      [
        'Changes:',
        '[tim] One',
        ruler,
        '[INFO] Scanning',
        '[javac] 1 error',
        '[jolin chen] $ make',
        'Changes:',
        '[jolin chen] x',
      ],
      [tim],
    ],
    ['only strangers', ['Changes:', '[ghost] One', '[INFO] Two', ruler], kept],
    ['somebody without an address', ['Changes:', '[bot] One', ruler], kept],
    ['no changes', ['Changes:', '', '', ruler, '[tim] $ exit 1'], kept],
    ['no section at all', ['See <http://ci/1/>', '[tim] is mentioned'], kept],
    ['a reply that quotes the changes', ['I am on it.', '', '> Changes:', '>', '> - [tim] Fix'], kept],
    ['nothing', [], kept],
  ]
  for (const [name, lines, recipients] of cases) {
    it(`${name} → ${recipients.join(', ')}`, async () => {
      for (const lineEnd of ['\n', '\r\n']) {
        const result = await act('jenkins-culprits', { text: lines.join(lineEnd) }, developers)
        expect(result.recipients).toEqual(recipients)
        expect(result.reason).toMatch(/./)
      }
    })
  }

  it('names who is unknown', async () => {
    const result = await act('jenkins-culprits', { text: 'Changes:\n[ghost] One\n[tim] Two' }, developers)
    expect(result.reason).toBe('changes by ghost, tim; not in developers.json: ghost')
  })
})

describe('domain-owner', () => {
  const data = { 'app.corp.test': [tim, jolin], 'Corp.Test': jolin, 'münchen.test': tim, 'other.test': { email: tim } }
  const owners = { filename: 'domain-owners.json', data }
  const cases: [subject: string, recipients: string[]][] = [
    ['Service DOWN app.corp.test', [tim, jolin]],
    ['Service UP APP.Corp.Test', [tim, jolin]],
    ['DOWN | app.corp.test', [tim, jolin]],
    ['UP | Service billing.corp.test', [jolin]],
    ['[api][https://app.corp.test/] server certificate app.corp.test will expire in 1 days', [tim, jolin]],
    ['[正式環境][https://a.b.app.corp.test:8443/health] certificate R11 will expire in 14 days', [tim, jolin]],
    ['[billing.corp.test] [🔴 Down] certificate has expired', [jolin]],
    ['corp.test: server certificate expired', [jolin]],
    ['您的憑證將於明天到期：app.corp.test', [tim, jolin]],
    ['SSL certificate of "münchen.test" expires', [tim]],
    ['unowned.example and then other.test', [tim]],
    ['app.corp.test.', [tim, jolin]],
    // What names no domain, or one that nobody owns.
    ['Service DOWN db-01', kept],
    ['DOWN | R&D <sync> "quotes" | pipe', kept],
    ['DOWN | 10.20.0.14', kept],
    ['nginx 1.26.2 on web-03', kept],
    ['Service DOWN notcorp.test', kept],
    ['Service DOWN corp.test.evil.example', kept],
    ['mail to tim@corp.test bounced', kept],
    ['[app] [🔴 Down] connect ECONNREFUSED', kept],
    ['test', kept],
    ['', kept],
    [`${'a'.repeat(5_000)}.${'b.'.repeat(2_000)}`, kept],
  ]
  for (const [subject, recipients] of cases) {
    it(`${subject.slice(0, 80)} → ${recipients.join(', ')}`, async () => {
      const result = await act('domain-owner', { subject }, owners)
      expect(result.recipients).toEqual(recipients)
      expect(result.reason).toMatch(/./)
    })
  }

  it('keeps its reason short, however many domains there are', async () => {
    const subject = Array.from({ length: 600 }, (_, n) => `host-${n}.unowned.example`).join(' ')
    const result = await act('domain-owner', { subject }, owners)
    expect(result.recipients).toEqual(kept)
    expect(result.reason?.length).toBeLessThanOrEqual(501)
  })
})
