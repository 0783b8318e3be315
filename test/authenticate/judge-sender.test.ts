import { expect, it } from 'vitest'
import { judgeSender } from '#src/authenticate/judge-sender.js'
import type { SenderAuth } from '../../src/domain/mail.js'

function found(spf: SenderAuth['spf'], dmarc: SenderAuth['dmarc'], policy: SenderAuth['policy'] = null): SenderAuth {
  return { spf, dkim: 'none', dmarc, policy, reasons: { spf: 'S', dkim: 'D', dmarc: 'M' } }
}

const never = [null, null, null]

it.each<[string, SenderAuth, (string | null)[]]>([
  ['DMARC fails, and the domain asks for reject', found('fail', 'fail', 'reject'), [null, 'quarantine', 'reject']],
  ['… for quarantine', found('fail', 'fail', 'quarantine'), [null, 'quarantine', 'quarantine']],
  ['… for nothing', found('fail', 'fail', 'none'), never],
  ['SPF fails without DMARC', found('fail', 'none'), [null, 'quarantine', 'reject']],
  ['SPF fails softly without DMARC', found('softfail', 'none'), never],
  ['SPF is broken without DMARC', found('permerror', 'none'), never],
  ['SPF fails, and DMARC passes', found('fail', 'pass', 'reject'), never],
  ['SPF fails, and nobody knows of DMARC', found('fail', 'temperror'), never],
  ['nobody knows anything', found('temperror', 'temperror'), never],
  ['nothing is there', found('none', 'none'), never],
])('%s', (_, auth, expected) => {
  const actions = (['none', 'quarantine', 'reject'] as const).map((ours) => judgeSender(auth, ours)?.action ?? null)
  expect(actions).toEqual(expected)
})

it('says which check it was', () => {
  expect(judgeSender(found('pass', 'fail', 'reject'), 'reject')).toEqual({
    action: 'reject',
    check: 'dmarc',
    reason: 'DMARC fail: M',
  })
  expect(judgeSender(found('fail', 'none'), 'reject')).toEqual({
    action: 'reject',
    check: 'spf',
    reason: 'SPF fail: S',
  })
})
