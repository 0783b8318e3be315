import { expect, it } from 'vitest'
import { folderWith, runCli } from './run-cli.js'

const routes = `version: 1
server: { smtp: { sender_auth: { policy: reject } } }
otherwise: { reject: "550 5.7.1 no route" }
channels: { inbox: { kind: inbox } }
routes:
  - { name: vouched, when: { auth: { dmarc: pass } }, steps: [{ send: inbox }] }
  - { name: forged, when: { auth: { spf: [fail, softfail], dmarc: fail } }, steps: [{ send: inbox }] }
`
const tests = `tests:
  - { name: vouched, mail: { from: a@a.test, subject: x }, auth: { dmarc: pass }, expect: { routes: [vouched] } }
  - { name: forged, mail: { from: a@a.test, subject: x }, auth: { spf: softfail, dmarc: fail }, expect: { routes: [forged] } }
  - { name: nobody asked, mail: { from: a@a.test, subject: x }, expect: { unrouted: true } }
`

it('has route tests that say what was found of a sender', async () => {
  const folder = folderWith({ 'routes.yaml': routes, 'routes.test.yaml': tests })
  const { out, code } = await runCli(['test'], { cwd: folder })
  expect(out).toContain('3 passed, 0 failed')
  expect(code).toBe(0)
})

it('shows in the trace of a failed test what was seen, and why', async () => {
  const wrong = tests.replace('auth: { dmarc: pass }', 'auth: { dmarc: fail }')
  const folder = folderWith({ 'routes.yaml': routes, 'routes.test.yaml': wrong })
  const { out, code } = await runCli(['test', '--filter', 'vouched'], { cwd: folder })
  expect(out).toMatch(/@ auth dmarc fail/)
  expect(out).toMatch(/✗ auth dmarc is pass +saw "fail" +as the test says/)
  expect(code).toBe(1)
})

it('explains that a mail would be refused by SMTP', async () => {
  const folder = folderWith({ 'routes.yaml': routes })
  const input = 'From: a@a.test\nTo: ops@gw.test\nSubject: hello\n\nhello\n'
  const { out, code } = await runCli(['explain', '-'], { cwd: folder, input })
  expect(out).toContain('! by SMTP it would be refused: 550 5.7.1 no route')
  expect(code).toBe(1)
})
