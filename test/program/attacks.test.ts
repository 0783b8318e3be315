import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectRaw, type RawClient } from '../receive/raw-client.js'
import { until } from '../stand-ins/until.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { compileWat } from '../wasm/guests.js'
import { answered, handle, attacks as moduleAttacks } from '../wasm/hostile-guests.js'

const quietMails = 150
const mailsPerAttack = 3
const honestSessions = 3
/** Between two honest mails of a session: about sixty a second in all. */
const pauseMs = 50

interface Attack {
  name: string
  module: string
  timeout: string
  /** What the step of its trace must say. */
  words: RegExp
}

let folder: string
let hook: WebhookSink
let server: ChildProcess
let runtime: { pid: number; url: string; token: string; smtp: { port: number }[] }
const attacks: Attack[] = []

const scripts: [name: string, body: string, words: RegExp][] = [
  ['loops in TypeScript', 'for (;;) {}', /timeout/],
  ['loops in promises', 'const again = () => Promise.resolve().then(again); return again()', /timeout/],
  ['matches a catastrophic pattern', 'return /^(a+)+$/.test("a".repeat(40) + "b")', /timeout/],
  ['fills the memory', 'const all = []; for (;;) all.push(new Array(100000).fill(1.5))', /failed/],
  ['recurses', 'const down = (n) => 1 + down(n + 1); return down(0)', /failed \(trap\)/],
  ['throws', 'throw new Error("on purpose")', /on purpose/],
  ['answers two megabytes', 'return { text: "x".repeat(2_000_000) }', /at most 1048576/],
  [
    'names 1,001 recipients',
    'return { recipients: Array.from({ length: 1001 }, (_, n) => `a${n}@corp.test`) }',
    /recipients/,
  ],
  ['names a million recipients', 'return { recipients: Array(1_000_000).fill("a@b.test") }', /failed/],
  ['names a recipient that is none', 'return { recipients: ["a@b.test\\r\\nBcc: all@corp.test"] }', /no mail address/],
  ['answers with other types', 'return { recipients: { length: 1 }, title: 7 }', /recipients/],
  ['answers nothing readable', 'return undefined', /unchanged/],
  [
    'answers with a prototype',
    'return JSON.parse(\'{"__proto__":{"drop":true},"labels":{"__proto__":"x"}}\')',
    /unchanged/,
  ],
  ['floods the log', 'for (let n = 0; n < 100000; n++) console.log("x".repeat(10000)); return {}', /./],
]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mailtrigger-attacks-'))
  hook = await startWebhookSink()
  for (const [index, { wat, name, kind, timeoutMs }] of moduleAttacks.entries()) {
    const module = `attack-${index}.wasm`
    writeFileSync(join(folder, module), await compileWat(wat))
    attacks.push({
      name,
      module,
      timeout: timeoutMs ? '300ms' : '10s',
      words: new RegExp(`failed \\(${kind}\\)`),
    })
  }
  for (const [index, [name, body, words]] of scripts.entries()) {
    const module = `script-${index}.ts`
    writeFileSync(join(folder, module), `export function handle(): unknown {\n${body}\n}\n`)
    attacks.push({ name, module, timeout: words.source === 'timeout' ? '300ms' : '10s', words })
  }
  writeFileSync(
    join(folder, 'honest.ts'),
    'export const handle = (input) => ({ title: "seen " + input.mail.subject })\n',
  )
  writeFileSync(join(folder, 'routes.yaml'), routesOf(attacks))
  server = await startServer()
}, 60_000)
afterAll(async () => {
  server.kill('SIGTERM')
  await once(server, 'exit')
  await hook.stop()
  rmSync(folder, { recursive: true, force: true })
})

it('goes on serving everybody while every hostile module runs', { timeout: 120_000 }, async () => {
  const quiet = await sendHonest('quiet', { while: (sent) => sent < quietMails })
  const memoryBefore = residentMb()

  const load = { running: true }
  const probing = probe(load)
  const honest = sendHonest('during', { while: () => load.running })
  const hostile = await connectRaw(runtime.smtp[0]?.port ?? 0)
  await hostile.ask('EHLO attacker.test')
  for (let round = 0; round < mailsPerAttack; round++) {
    for (const index of attacks.keys()) await sendMail(hostile, `attack-${index}- ${round}`)
  }
  const uploads = await uploadRefused()
  const hostileTitles = attacks.flatMap((_, index) =>
    Array.from({ length: mailsPerAttack }, (_, round) => `attack-${index}- ${round}`),
  )
  await until(() => isSubset(hostileTitles, deliveredTitles()), 'every hostile mail is delivered all the same', 60_000)
  load.running = false
  const during = await honest
  const longestStallMs = await probing
  const honestSubjects = [...quiet.subjects, ...during.subjects]
  await until(() => isSubset(honestSubjects, deliveredSubjects()), 'every honest mail is delivered', 30_000)
  const acted = honestSubjects.filter((subject) => deliveredTitles().has(`seen ${subject}`)).length
  const memoryAfter = residentMb()

  const uncontained: string[] = []
  for (const [index, attack] of attacks.entries()) {
    const said = await readRunStep(`attack-${index}- 0`)
    if (!attack.words.test(said)) uncontained.push(`${attack.name}: ${said}`)
  }
  console.log(
    [
      `attacks: ${attacks.length} cases, ${mailsPerAttack} mails each, ${attacks.length - uncontained.length} contained`,
      `refused uploads: ${uploads.length}`,
      `honest mails ${honestSubjects.length}, all delivered, ${acted} as their action wants; longest stall ${longestStallMs.toFixed(0)} ms`,
      `accept p99 quiet ${percentile(quiet.acceptMs, 0.99).toFixed(1)} ms, during ${percentile(during.acceptMs, 0.99).toFixed(1)} ms`,
      `memory of the parent ${memoryBefore} MB before, ${memoryAfter} MB after`,
    ].join('\n'),
  )
  expect(uncontained).toEqual([])
  expect(uploads.filter((answer) => !answer.includes(' 422 '))).toEqual([])
  expect(server.exitCode).toBeNull()
  expect(quiet.refused + during.refused).toBe(0)
  expect(during.subjects.length).toBeGreaterThan(0)
  expect(acted).toBeGreaterThan(honestSubjects.length / 2)
  // Far above what is measured: they tell a server that stands still or leaks from one that is busy.
  expect(longestStallMs).toBeLessThan(5_000)
  expect(memoryAfter - memoryBefore).toBeLessThan(300)
})

function routesOf(all: Attack[]): string {
  const names = all.map(({ module, timeout }, index) => ({ module, timeout, index }))
  return `version: 1
channels: { hook: { kind: webhook, url: "${hook.url}" } }
actions:
  honest: { module: honest.ts, timeout: 10s }
${names.map(({ module, timeout, index }) => `  attack-${index}: { module: ${module}, timeout: ${timeout} }`).join('\n')}
routes:
  - { name: honest, when: { subject: { starts_with: honest } }, steps: [ { run: honest }, { send: hook } ] }
${names
  .map(({ index }) => {
    const when = `{ subject: { starts_with: "attack-${index}-" } }`
    return `  - { name: attack ${index}, when: ${when}, steps: [ { run: attack-${index} }, { send: hook } ] }`
  })
  .join('\n')}
`
}

async function startServer(): Promise<ChildProcess> {
  const options = ['-c', join(folder, 'routes.yaml'), '--data', join(folder, 'data'), '--no-watch', '--quiet']
  const listen = ['--smtp', '127.0.0.1:0', '--http', '127.0.0.1:0']
  const started = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'dist/main.js', 'serve', ...options, ...listen],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const file = join(folder, 'data', 'runtime.json')
  await until(() => existsSync(file) || started.exitCode !== null, 'the server has started', 50_000)
  runtime = JSON.parse(readFileSync(file, 'utf8'))
  return started
}

interface HonestLoad {
  subjects: string[]
  acceptMs: number[]
  refused: number
}

/** A few senders who each send one mail after the other, with a pause between them. */
async function sendHonest(run: string, options: { while: (sent: number) => boolean }): Promise<HonestLoad> {
  const load: HonestLoad = { subjects: [], acceptMs: [], refused: 0 }
  let sent = 0
  await Promise.all(
    Array.from({ length: honestSessions }, async () => {
      const client = await connectRaw(runtime.smtp[0]?.port ?? 0)
      await client.ask('EHLO honest.test')
      while (options.while(sent)) {
        const subject = `honest ${run} ${sent++}`
        const { accepted, acceptMs } = await sendMail(client, subject)
        if (accepted) load.subjects.push(subject)
        else load.refused++
        load.acceptMs.push(acceptMs)
        await pause(pauseMs)
      }
      client.socket.destroy()
    }),
  )
  return load
}

async function sendMail(client: RawClient, subject: string): Promise<{ accepted: boolean; acceptMs: number }> {
  await client.ask('MAIL FROM:<load@mailtrigger.app>')
  await client.ask('RCPT TO:<devops@mailtrigger.app>')
  await client.ask('DATA')
  const startedAt = performance.now()
  client.write(`Subject: ${subject}\r\nFrom: load@mailtrigger.app\r\n\r\nsome text\r\n.\r\n`)
  const accepted = (await client.reply()).startsWith('250')
  return { accepted, acceptMs: performance.now() - startedAt }
}

/** The longest the server took to say that it lives, in ms. */
async function probe(load: { running: boolean }): Promise<number> {
  let longest = 0
  while (load.running) {
    const startedAt = performance.now()
    const answer = await fetch(`${runtime.url}/livez`)
    await answer.text()
    longest = Math.max(longest, performance.now() - startedAt)
    await pause(20)
  }
  return longest
}

/** Uploads modules that must not be taken, and says what the server answered to each. */
async function uploadRefused(): Promise<string[]> {
  const whole = await compileWat(handle(answered))
  const truncated = [1, 4, 7, 8, 9, 12, 20, 40, whole.length - 1].map((length) => whole.slice(0, length))
  const wats = [
    `(module (import "env" "steal" (func)) (func (export "handle") (result i32) (i32.const 0)))`,
    `(module (import "wasi_snapshot_preview1" "sock_connect" (func)) (func (export "handle") (result i32) (i32.const 0)))`,
    '(module (memory 2000) (func (export "handle") (result i32) (i32.const 0)))',
    '(module (table 20000 funcref) (func (export "handle") (result i32) (i32.const 0)))',
    '(module (func (export "other")))',
  ]
  const scripts = ['import x from "/etc/passwd"\nexport const handle = () => x', 'export const handle = (', 'throw 1']
  const bodies: [filename: string, body: Uint8Array][] = [
    ...truncated.map((bytes): [string, Uint8Array] => ['x.wasm', bytes]),
    ...(await Promise.all(wats.map(compileWat))).map((bytes): [string, Uint8Array] => ['x.wasm', bytes]),
    ...scripts.map((text): [string, Uint8Array] => ['x.ts', Buffer.from(text)]),
  ]
  const answers: string[] = []
  for (const [index, [filename, body]] of bodies.entries()) {
    const headers = { authorization: `Bearer ${runtime.token}` }
    const url = `${runtime.url}/api/v1/actions/hostile?filename=${filename}`
    const answer = await fetch(url, { method: 'PUT', headers, body: Buffer.from(body) })
    answers.push(`${index}: ${answer.status} ${(await answer.text()).slice(0, 200)}`)
  }
  return answers
}

/** What the trace of the mail of this subject says about its `run` step. */
async function readRunStep(subject: string): Promise<string> {
  const headers = { authorization: `Bearer ${runtime.token}` }
  const read = async (path: string) => (await fetch(`${runtime.url}/api/v1/mails${path}`, { headers })).json()
  const found = (await read(`?search=${encodeURIComponent(subject)}`)) as { items: { id: string; subject: string }[] }
  const mail = found.items.find((item) => item.subject === subject)
  if (!mail) return `no mail with the subject ${subject}`
  const trace = (await read(`/${mail.id}/trace`)) as { routes: { steps: { step: string; detail: string }[] }[] }
  return trace.routes.flatMap(({ steps }) => steps.filter(({ step }) => step === 'run'))[0]?.detail ?? 'no run step'
}

function deliveredTitles(): Set<string> {
  return new Set(hook.requests.map(({ json }) => (json as { data: { title: string } }).data.title))
}

function deliveredSubjects(): Set<string> {
  return new Set([...deliveredTitles()].map((title) => title.replace(/^seen /, '')))
}

function isSubset(part: string[], whole: Set<string>): boolean {
  return part.every((entry) => whole.has(entry))
}

/** Of the server alone, without its children. Nought where there is no /proc. */
function residentMb(): number {
  const status = `/proc/${runtime.pid}/status`
  if (!existsSync(status)) return 0
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(status, 'utf8'))?.[1] ?? 0) / 1024)
}

function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}
