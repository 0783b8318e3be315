import { describe, expect, it } from 'vitest'
import { offerAdmission } from '#src/engine/admit.js'
import { admitFirst } from '#src/engine/admit-first.js'
import type { RawMail, SenderAuth } from '../../src/domain/mail.js'
import type { Engine } from '../../src/engine/engine.js'
import { makeMail } from '../route/sample.js'

const envelope = { from: 'a@a.test', to: ['b@b.test'], client: '192.0.2.1', helo: 'a', tls: false, user: null }
const raw: RawMail = { id: '1', receivedAt: 0, envelope, raw: new Uint8Array() }
const auth: SenderAuth = {
  spf: 'fail',
  dkim: 'none',
  dmarc: 'none',
  policy: null,
  reasons: { spf: 'S', dkim: 'D', dmarc: 'M' },
}

type Parts = ReturnType<Engine['current']>['parts']

/** Only what admission looks at of an engine. */
function admission(parts: Partial<Parts>, reject: { code: number; text: string } | null = null) {
  const logged: string[] = []
  const all = {
    config: { otherwise: { send: [], reject } },
    checkSender: async () => ({ auth: null, judgement: null }),
    parse: async () => makeMail({}),
    couldTake: () => false,
    ...parts,
  }
  const engine = { current: () => ({ parts: all }), log: (_: string, message: string) => logged.push(message) }
  return { ...offerAdmission(engine as unknown as Parameters<typeof offerAdmission>[0]), logged }
}

describe('before a mail is stored', () => {
  const noRoute = { code: 550, text: '5.7.1 no route' }
  it.each<[string, Partial<Parts>, typeof noRoute | null, object]>([
    ['it is let in', {}, null, { auth: null, refusal: null }],
    ['nothing takes it', {}, noRoute, { refusal: { code: 550, reason: 'no_route', message: '5.7.1 no route' } }],
    ['something takes it', { couldTake: () => true }, noRoute, { refusal: null }],
    ['it is malformed', { parse: async () => ({ ...makeMail({}), malformed: 'cut off' }) }, noRoute, { refusal: null }],
    [
      'its sender is refused',
      { checkSender: async () => ({ auth, judgement: { action: 'reject', check: 'spf', reason: 'R' } }) },
      null,
      { auth, refusal: { code: 550, reason: 'sender_auth', message: '5.7.23 R' } },
    ],
    [
      'its sender is refused by DMARC',
      { checkSender: async () => ({ auth, judgement: { action: 'reject', check: 'dmarc', reason: 'R' } }) },
      null,
      { refusal: { message: '5.7.26 R' } },
    ],
    [
      'it is to be held, whatever routes say',
      { checkSender: async () => ({ auth, judgement: { action: 'quarantine', check: 'dmarc', reason: 'R' } }) },
      noRoute,
      { auth, refusal: null },
    ],
    ['the check fails', { checkSender: () => Promise.reject(new Error('broken')) }, noRoute, { refusal: null }],
    ['parsing fails', { parse: () => Promise.reject(new Error('too many wait')) }, noRoute, { refusal: null }],
  ])('%s', async (_, parts, reject, expected) => {
    expect(await admission(parts, reject).admitMail(raw)).toMatchObject(expected)
  })

  it('says so when it could not look', async () => {
    const { admitMail, logged } = admission({ checkSender: () => Promise.reject(new Error('broken')) })
    await admitMail(raw)
    expect(logged).toEqual(['a mail is taken in, as it could not be looked at before'])
  })
})

describe('the way of a mail that comes by SMTP', () => {
  it.each([
    ['nobody asks', false, { refusal: null, auth }, raw],
    ['it is saved with what was found', true, { refusal: null, auth }, { ...raw, auth }],
    ['it is saved as it is when nothing was', true, { refusal: null }, raw],
  ])('%s', async (_, isAsked, answer, expected) => {
    const saved: RawMail[] = []
    const save = async (mail: RawMail): Promise<void> => {
      saved.push(mail)
    }
    await admitFirst({ admitMail: async () => answer }, () => isAsked, save)(raw)
    expect(saved).toEqual([expected])
  })

  it('ends with a refusal, unsaved', async () => {
    const refusal = { code: 550, reason: 'no_route' as const, message: '5.7.1 no route' }
    const save = () => Promise.reject(new Error('must not be saved'))
    const admitted = admitFirst({ admitMail: async () => ({ refusal }) }, () => true, save)(raw)
    await expect(admitted).rejects.toMatchObject({ smtpCode: 550, reason: 'no_route', message: '5.7.1 no route' })
  })
})
