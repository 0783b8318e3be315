import { expect, test } from 'vitest'
import { listActionReferences } from '#src/engine/action-references.js'
import { all, makeRoute, not, text, wasm } from '../route/sample.js'
import { steps } from '../steps/step-fixture.js'

test('modules are named by conditions and steps of routes, by what ends a hold, and by monitors', () => {
  const route = makeRoute(all(text('subject', 'contains', 'x'), not(wasm('asked'))), {
    name: 'r',
    steps: [steps.run('runs'), steps.hold('key', wasm('ends'))],
  })
  const monitor = { name: 'm', everyMs: 1, graceMs: 1, onDown: [], onRecovery: [] }
  const monitors = { m: { ...monitor, when: wasm('expected') }, pinged: { ...monitor, when: null } }
  const found = listActionReferences({ routes: [route], monitors })
  expect(found.map(({ action, kind, user }) => `${user.sort} ${user.name}: ${kind} ${action}`)).toEqual([
    'route r: condition asked',
    'route r: action runs',
    'route r: condition ends',
    'monitor m: condition expected',
  ])
})
