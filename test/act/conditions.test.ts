import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCondition } from '#src/act/run-condition.js'
import { tryGuest } from '#src/act/try-guest.js'
import type { WasmHost, WasmModule } from '#src/domain/wasm.js'
import { createWasmHost } from '#src/wasm/host.js'
import { actionOf, attachmentOf, mailOf } from './stand-ins.js'

let folder: string
let host: WasmHost
let condition: WasmModule
let action: WasmModule
const never = new AbortController().signal

async function load(name: string, source: string): Promise<WasmModule> {
  const path = join(folder, name)
  await writeFile(path, source)
  return host.load(path)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'act-'))
  host = createWasmHost({ cacheFolder: join(folder, 'cache') })
  condition = await load(
    'answer.ts',
    `export const match = ({ action, recipients, mail }) => {
      console.info(recipients.join() + ' ' + mail.subject)
      if (action.config.fail) throw new Error('boom')
      return action.config.answer
    }`,
  )
  action = await load(
    'act.ts',
    `export const handle = ({ action, recipients, attachments }) => {
      console.warn(attachments.map(({ filename }) => filename).join())
      return action.config.answer ?? { recipients: [...recipients, 'tim@corp.test'], reason: 'more' }
    }`,
  )
})
afterAll(async () => {
  await host.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('a condition', () => {
  const ask = (answer: unknown) => {
    const settings = actionOf('answer', { config: { answer } })
    return runCondition({ host }, { action: settings, module: condition, mail: mailOf({ subject: 's' }) }, never)
  }

  it.each([
    [{ match: true }, true, null],
    [{ match: false, reason: 'quiet', more: 1 }, false, 'quiet'],
  ])('answers %j', async (answer, match, reason) => {
    expect(await ask(answer)).toEqual({ match, reason, sha256: condition.sha256 })
  })

  it.each([[true], [{}], [{ match: 'yes' }], [{ match: true, reason: 'x'.repeat(1_001) }], [null]])(
    'may not answer %j',
    async (answer) => {
      await expect(ask(answer)).rejects.toMatchObject({
        name: 'SandboxError',
        kind: 'output',
        message: expect.stringContaining("the condition's output"),
        logs: [{ level: 'info', message: 'devops@corp.test s' }],
      })
    },
  )
})

describe('a trial', () => {
  const attempt = (module: WasmModule, config: Record<string, unknown>) => {
    const attached = [attachmentOf('owners.json', '{}')]
    const mail = mailOf({ attachments: [attachmentOf('own.txt', 'x', 'text/plain')] })
    const call = { action: actionOf('a', { config }), module, mail, recipients: ['ops@corp.test'], attached }
    return tryGuest({ host }, call, never)
  }

  it('tells everything about an action', async () => {
    expect(await attempt(action, {})).toEqual({
      sha256: action.sha256,
      export: 'handle',
      before: ['ops@corp.test'],
      after: ['ops@corp.test', 'tim@corp.test'],
      output: { recipients: ['ops@corp.test', 'tim@corp.test'], reason: 'more' },
      logs: [{ level: 'warn', message: 'owners.json,own.txt' }],
      duration_ms: expect.any(Number),
      memory_bytes: expect.any(Number),
      error: null,
    })
  })

  it('leaves nobody when the action drops the mail', async () => {
    expect(await attempt(action, { answer: { drop: true } })).toMatchObject({ after: [], error: null })
  })

  it('shows an answer that breaks the ABI, and why', async () => {
    expect(await attempt(action, { answer: { recipients: ['nobody'] } })).toMatchObject({
      after: ['ops@corp.test'],
      output: { recipients: ['nobody'] },
      error: { kind: 'output', message: expect.stringContaining('"nobody"') },
    })
  })

  it('asks a condition', async () => {
    expect(await attempt(condition, { answer: { match: true } })).toMatchObject({
      export: 'match',
      before: ['ops@corp.test'],
      after: ['ops@corp.test'],
      output: { match: true },
      logs: [{ level: 'info', message: 'ops@corp.test ' }],
      error: null,
    })
  })

  it('tells of a guest that failed, with what it logged', async () => {
    expect(await attempt(condition, { fail: true })).toMatchObject({
      output: null,
      duration_ms: null,
      logs: expect.arrayContaining([{ level: 'info', message: 'ops@corp.test ' }]),
      error: { kind: 'trap', message: expect.stringContaining('answer.ts:3:') },
    })
  })
})
