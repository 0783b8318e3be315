import { expect, it } from 'vitest'
import { foldAddress } from '#src/domain/fold-address.js'
import { compilePolicy } from '#src/receive/policy.js'
import { compileAddressGlob } from '#src/route/address-glob.js'
import { openSettings } from '../receive/open-settings.js'

it.each([
  ['Ops@MailTrigger.app', 'ops@mailtrigger.app'],
  ['x@XN--NIDE-LOA.example', 'x@näide.example'],
  ['x@na\u0308ide.example', 'x@näide.example'],
  ['*@*.xn--nide-loa.example', '*@*.näide.example'],
  ['<>', '<>'],
  ['', ''],
])('%j is compared as %j', (address, folded) => {
  expect(foldAddress(address)).toBe(folded)
})

it.each(['*@näide.example', '*@xn--nide-loa.example', '*@N\u00c4IDE.example'])(
  'a recipient at a domain beyond ASCII is known by %s',
  (glob) => {
    const { refuseRecipient } = compilePolicy({ ...openSettings, recipients: [glob] })
    for (const address of ['ops@näide.example', 'Ops@NÄIDE.example']) expect(refuseRecipient(address, null)).toBeNull()
    expect(refuseRecipient('ops@naide.example', null)).not.toBeNull()
    expect(compileAddressGlob(glob).matches('Ops@NÄIDE.example')).toBe(true)
  },
)
