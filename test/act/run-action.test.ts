import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runAction } from '#src/act/run-action.js'
import { SandboxError } from '#src/domain/errors.js'
import type { WasmHost, WasmModule } from '#src/domain/wasm.js'
import { createWasmHost } from '#src/wasm/host.js'
import { actionOf, mailOf } from './stand-ins.js'

let folder: string
let host: WasmHost
let module: WasmModule

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'act-'))
  host = createWasmHost({ cacheFolder: join(folder, 'cache') })
  const path = join(folder, 'answer.ts')
  // Answers what its config says, so that one module serves every case.
  await writeFile(path, 'export const handle = ({ action }) => { console.info("ran"); return action.config.answer }')
  module = await host.load(path)
})
afterAll(async () => {
  await host.stop()
  await rm(folder, { recursive: true, force: true })
})

function act(answer: unknown, recipients = ['devops@corp.test']) {
  const action = actionOf('answer', { config: { answer } })
  const call = { action, module, mail: mailOf(), recipients, variables: {}, attachments: [] }
  return runAction({ host }, call, new AbortController().signal)
}

describe('what an action may answer', () => {
  it('nothing, which changes nothing', async () => {
    expect(await act({})).toMatchObject({
      recipientsBefore: ['devops@corp.test'],
      recipients: ['devops@corp.test'],
      dropped: false,
      title: null,
      text: null,
      severity: null,
      labels: {},
      reason: null,
      logs: [{ level: 'info', message: 'ran' }],
      sha256: module.sha256,
    })
  })

  it('everything', async () => {
    const labels = { team: 'web' }
    const answer = {
      recipients: ['a@b.test'],
      drop: true,
      title: 'T',
      text: 'X',
      severity: 'high',
      labels,
      reason: 'R',
      other: 1,
    }
    expect(await act(answer)).toMatchObject({
      recipients: ['a@b.test'],
      dropped: true,
      title: 'T',
      text: 'X',
      severity: 'high',
      labels,
      reason: 'R',
    })
  })

  it('nobody at all', async () => {
    expect((await act({ recipients: [] })).recipients).toEqual([])
  })

  it('addresses in any case and more than once', async () => {
    const { recipients } = await act({ recipients: [' Tim@Corp.Test', 'tim@corp.test', 'jürgen@münchen.test'] })
    expect(recipients).toEqual(['tim@corp.test', 'jürgen@münchen.test'])
  })
})

describe('what an action must not answer', () => {
  const wrong: [name: string, answer: unknown, words: RegExp][] = [
    ['a list', ['a@b.test'], /the action's output is wrong/],
    ['a text', 'a@b.test', /the action's output is wrong/],
    ['null', null, /the action's output is wrong/],
    ['a recipient that is none', { recipients: ['tim'] }, /no mail address: "tim"/],
    ['an empty recipient', { recipients: [''] }, /no mail address/],
    ['a line break in a recipient', { recipients: ['a@b.test\r\nBcc: x@y.test'] }, /no mail address/],
    ['a NUL in a recipient', { recipients: ['a\u0000@b.test'] }, /no mail address/],
    ['an invisible character in a recipient', { recipients: ['a\u200b@b.test'] }, /no mail address/],
    ['two recipients in one', { recipients: ['a@b.test,c@d.test'] }, /no mail address/],
    ['a name with the recipient', { recipients: ['Tim <a@b.test>'] }, /no mail address/],
    ['two at signs', { recipients: ['a@b@c.test'] }, /no mail address/],
    ['a recipient that is no text', { recipients: [7] }, /output\.recipients\.0 is wrong/],
    [
      'too many recipients',
      { recipients: Array.from({ length: 1_001 }, (_, n) => `a${n}@b.test`) },
      /output\.recipients is wrong/,
    ],
    ['a title that is no text', { title: 7 }, /output\.title is wrong/],
    ['a title without end', { title: 'x'.repeat(1_001) }, /output\.title is wrong/],
    ['labels that are no texts', { labels: { a: 1 } }, /output\.labels\.a is wrong/],
    ['a drop that is no yes or no', { drop: 'yes' }, /output\.drop is wrong/],
  ]
  for (const [name, answer, words] of wrong) {
    it(name, async () => {
      const error = await act(answer).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(SandboxError)
      expect((error as SandboxError).message).toMatch(words)
      expect(error).toMatchObject({ kind: 'output', logs: [{ level: 'info', message: 'ran' }] })
    })
  }
})
