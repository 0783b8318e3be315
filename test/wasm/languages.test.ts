import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ActionInput } from '#src/domain/guest-abi.js'
import type { WasmHost, WasmModule } from '#src/domain/wasm.js'
import { createWasmHost } from '#src/wasm/host.js'

const actions = ['project-owner', 'jenkins-culprits'] as const
type ActionName = (typeof actions)[number]
const sources: Record<string, (name: ActionName) => string> = {
  TypeScript: (name) => `wasm-actions/${name}.ts`,
  AssemblyScript: (name) => `wasm-actions/examples/assemblyscript/${name}.as.ts`,
  C: (name) => `wasm-actions/examples/c/${name}.wasm`,
}

let folder: string
let host: WasmHost
const modules = new Map<string, WasmModule>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wasm-languages-'))
  host = createWasmHost({ cacheFolder: join(folder, 'cache') })
  for (const [language, pathOf] of Object.entries(sources)) {
    for (const name of actions) modules.set(`${language} ${name}`, await host.load(pathOf(name)))
  }
}, 60_000)
afterAll(async () => {
  await host.stop()
  await rm(folder, { recursive: true, force: true })
})

interface Given {
  subject?: string
  header?: string
  text?: string
  filename?: string
  content?: string | null
}

function inputOf(name: string, given: Given): ActionInput {
  const { subject = '', header, text = '', filename = '', content = null } = given
  const headers: Record<string, string[]> = header === undefined ? {} : { 'x-sentry-project': [header] }
  return {
    version: 1,
    action: { name, config: {} },
    envelope: { from: 'sentry@corp.test', to: ['devops@corp.test'], keys: [] },
    recipients: ['devops@corp.test'],
    variables: {},
    mail: {
      id: '01',
      date: '2026-01-01T00:00:00.000Z',
      subject,
      from: 'sentry@corp.test',
      to: ['devops@corp.test'],
      cc: [],
      text,
      html: null,
      headers,
      auth: null,
    },
    attachments: [{ filename, content_type: 'application/json', size: 1, content, truncated: false }],
  }
}

/** What the guest answers and logs. */
async function answerOf(module: WasmModule | undefined, input: ActionInput): Promise<object> {
  if (!module) throw new Error('the module was not loaded')
  const call = { module, export: 'handle' as const, input, config: {}, timeoutMs: 10_000 }
  const { output, logs } = await host.call(call, new AbortController().signal)
  return { output, logs }
}

const ownersFile = 'project-owners.json'
const owners = JSON.stringify({
  'Project 1': ['tim@corp.test', ' jolin@corp.test '],
  'project-2': 'jolin@corp.test',
  購物車: [{ email: 'tim@corp.test' }],
  'Error Handler': { name: 'x', email: ['a@corp.test', ['b@corp.test']] },
  Nobody: [],
  'No Address': 'tim',
  'quote " and \\ back': 'q@corp.test',
  'tab\there': 't\u0001@corp.test',
  '🎉 party': '"🎉"@corp.test',
  numbers: [1, -2.5e3, true, null, { email: 7 }],
})
const lookup = { filename: ownersFile, content: owners }

const projectCases: Given[] = [
  ...[
    '[Sentry] Project 1 Error',
    '[Sentry] PROJECT-1-4K - TypeError: price is undefined',
    '[Sentry] PROJECT-1- - no issue id',
    '[Sentry] [Project 1] error: timeout',
    '[Sentry] [] error: timeout',
    '[Sentry] [Project 1 error: timeout',
    'Re: re:  [sentry]  project_1   ERROR',
    '[Sentry]Project 1 Error',
    '[Sentry] 購物車 Error',
    '[Sentry] Error Handler Error: again an error',
    '[Sentry] Project 1 Errors',
    '[Sentry] Project 1 Error_1',
    '[Sentry] Nobody Fatal',
    '[Sentry] No Address warning',
    '[Sentry] numbers alert',
    '[Sentry] quote " and \\ back Error',
    '[Sentry] tab\there Error',
    '[Sentry] 🎉 party Error',
    '[Sentry] !!! Error',
    '[Sentry] constructor Error',
    `[Sentry] ${'é'.repeat(198)} Error`,
    `[Sentry] ${'🎉'.repeat(97)} Error`,
    `[Sentry] ${'x'.repeat(600)}-1 - title`,
    `[Sentry] ${'🎉'.repeat(300)}-1 - title`,
    '[Sentry]',
    '',
  ].map((subject) => ({ subject, ...lookup })),
  { header: ' project-1 ', ...lookup },
  { header: '', subject: '[Sentry] Project 2 Error', ...lookup },
  ...[
    null,
    '',
    '[]',
    '"x"',
    '{',
    '{}',
    '{"a":1,}',
    '{"a" 1}',
    '{"a":01}',
    '{"a":"\u0001"}',
    '{"a":"\\x"}',
    '{"a":"\\u12"}',
    '{} x',
    ' {"Project 1":"a@b"} ',
    '{"Project 1":"x","Project 1":"last@b"}',
    '{"Project 1":"\\ud83c\\udf89\\u00e9\\n@b"}',
    '{"Project\\u00201":"a@b"}',
    '{"a":tru}',
    '{"a":[1,]}',
    '{"a":1.}',
    '{"a":-}',
    '{"Project 1":1e5}',
  ].map((content) => ({ subject: '[Sentry] Project 1 Error', filename: ownersFile, content })),
  { subject: '[Sentry] Project 1 Error', filename: 'other.json', content: owners },
]

const developers = {
  filename: 'developers.json',
  content: JSON.stringify({ tim: 'tim@corp.test', 'Jolin Chen': { email: 'jolin@corp.test' }, bot: [] }),
}
const ruler = '-'.repeat(42)
const culpritCases: Given[] = [
  ['Changes:', '', '[tim] Fix the cart', '', '[jolin chen] Add tests', ruler, '[bot] later'],
  ['CHANGES', '- [tim] Fix', '-  [Jolin Chen]  Add', '-[bot] no', '-'],
  ['Changes for Build #401', '[tim] One', '', 'Console output:', '[jolin chen] is a log line'],
  ['changes since yesterday : ', '[tim] One'],
  [`changes in ${'x'.repeat(80)}:`, '[tim] One'],
  [`changes in ${'x'.repeat(81)}`, '[tim] One'],
  ['changes of mine', '[tim] One'],
  ['Changes:', '[ghost] One', '[tim] Two', '[tim] Three'],
  ['Changes:', '[ghost] One', '[]  x', '[ ] x', '[tim]x', '[tim] ', '[tim'],
  ['Changes:', `[${'n'.repeat(100)}] One`, `[${'n'.repeat(101)}] Two`],
  ['Changes:', '----', '[tim] One', '-----'],
  ['Changes:', 'Not a heading\t:', '[tim] One', 'Heading 1 :', '[bot] x'],
  ['See', '[tim] is mentioned'],
  ['> Changes:', '> [tim] One'],
  [],
].flatMap((lines) => ['\n', '\r\n'].map((lineEnd) => ({ text: lines.join(lineEnd), ...developers })))

const cases: Record<ActionName, Given[]> = { 'project-owner': projectCases, 'jenkins-culprits': culpritCases }

describe('the same inputs through every language', () => {
  for (const language of ['AssemblyScript', 'C']) {
    for (const name of actions) {
      it(`${name} in ${language} answers like the one in TypeScript`, async () => {
        for (const given of cases[name]) await expectSame(language, name, given)
      })
    }

    it(`project-owner in ${language} agrees about subjects nobody thought of`, async () => {
      // Letters beyond ASCII, but no symbols: without Unicode's tables the examples cannot tell one from the other.
      const word = fc.constantFrom(
        '[Sentry]',
        'Re:',
        'Project',
        '1',
        '-',
        'Error',
        ' ',
        '  ',
        '[',
        ']',
        'é',
        '購物車',
        '"',
        '\\',
        '-4K',
        ' - ',
        'alert',
        '_',
        'FATAL',
      )
      const subjects = fc.array(word, { maxLength: 12 }).map((words) => words.join(''))
      await fc.assert(
        fc.asyncProperty(subjects, (subject) =>
          expectSame(language, 'project-owner', { subject: `[Sentry] ${subject}`, ...lookup }),
        ),
        { numRuns: 100 },
      )
    })

    it(`project-owner in ${language} agrees about any JSON it is attached`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.json({ maxDepth: 5 }), fc.nat(60), fc.boolean(), (json, at, broken) => {
          const whole = `{"Project 1":${json},"x":0}`
          const content = broken ? whole.slice(0, at) : whole
          return expectSame(language, 'project-owner', {
            subject: '[Sentry] Project 1 Error',
            filename: ownersFile,
            content,
          })
        }),
        { numRuns: 100 },
      )
    })
  }

  it('gives answers, and not the same one every time', async () => {
    const answers = new Set<string>()
    for (const given of projectCases) {
      const module = modules.get('TypeScript project-owner')
      answers.add(JSON.stringify(await answerOf(module, inputOf('project-owner', given))))
    }
    expect(answers.size).toBeGreaterThan(15)
  })
})

async function expectSame(language: string, name: ActionName, given: Given): Promise<void> {
  const input = inputOf(name, given)
  const [expected, answer] = await Promise.all(
    ['TypeScript', language].map((one) => answerOf(modules.get(`${one} ${name}`), input)),
  )
  expect(answer, JSON.stringify(given)).toEqual(expected)
}

describe('a large input', () => {
  for (const language of Object.keys(sources)) {
    it(`is read to its end in ${language}`, async () => {
      const text = `${'häuser 🎉 '.repeat(100_000)}\nChanges:\n[tim] One`
      const answer = await answerOf(modules.get(`${language} jenkins-culprits`), inputOf('x', { text, ...developers }))
      expect(answer).toMatchObject({ output: { recipients: ['tim@corp.test'] } })
    })
  }
})

describe.skipIf(!hasCompiler())('with clang and lld on this machine (skipped where they are not)', () => {
  for (const name of actions) {
    it(`${name}.c compiles, and its module answers like the one that is checked in`, async () => {
      const built = join(folder, `${name}.wasm`)
      const flags =
        '--target=wasm32 -Oz -nostdlib -fno-builtin -mbulk-memory -Wall -Werror -Wl,--no-entry -Wl,--strip-all'
      const { stderr, status } = spawnSync(
        'clang',
        [...flags.split(' '), '-I', 'wasm-actions/c', '-o', built, `wasm-actions/examples/c/${name}.c`],
        { encoding: 'utf8' },
      )
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      modules.set(`fresh C ${name}`, await host.load(built))
      for (const given of cases[name]) await expectSame('fresh C', name, given)
    })
  }
})

/** The compiler and the linker it would call. */
function hasCompiler(): boolean {
  const { stdout, status } = spawnSync('clang', ['--target=wasm32', '-print-prog-name=wasm-ld'], { encoding: 'utf8' })
  if (status !== 0) return false
  const candidates = [stdout.trim(), 'wasm-ld', 'wasm-ld-14']
  return candidates.some((linker) => spawnSync(linker, ['--version']).status === 0)
}
