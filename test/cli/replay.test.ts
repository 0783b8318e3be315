import pc from 'picocolors'
import { expect, it } from 'vitest'
import { printDifference } from '#src/cli/replay.js'

const colors = pc.createColors(false)
const before = { outcome: 'unrouted', routes: [], recipients: [], deliveries: ['ops'] }
const after = {
  outcome: 'routed',
  routes: ['Disks'],
  recipients: ['tim@corp.test'],
  deliveries: ['ops', 'telegram tim@corp.test'],
}
const mail = { id: '01J9', received_at: '2026-11-21T09:14:00.000Z', subject: 'disk\nfull' }

it.each([
  ['what is gained', { before, after }, ['unrouted → routed', '  + route Disks', '  + to telegram tim@corp.test']],
  [
    'what is lost',
    { before: after, after: before },
    ['routed → unrouted', '  - route Disks', '  - to telegram tim@corp.test'],
  ],
  ['what has not been routed', { before: null, after: before }, ['not routed yet → unrouted', '  + to ops']],
])('prints %s', (_, outcomes, lines) => {
  const [head = '', ...rest] = printDifference({ ...mail, ...outcomes, changed: true }, { colors }).split('\n')
  expect(head).toContain('disk full')
  expect([head.slice(-(lines[0]?.length ?? 0)), ...rest]).toEqual(lines)
})

it('prints one line for what stays as it is', () => {
  const line = printDifference({ ...mail, subject: '', before, after: before, changed: false }, { colors })
  expect(line).toMatch(/\(no subject\) {2}unrouted, as before$/)
  expect(line).not.toContain('\n')
})
