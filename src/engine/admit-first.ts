import { MailRejected } from '../domain/errors.js'
import type { RawMail } from '../domain/mail.js'
import type { EngineCalls } from './engine-calls.js'

type Save = (mail: RawMail) => Promise<void>

/**
 * The way of a mail that comes by SMTP: where the config wants it, the engine is asked before the mail is saved, and what
 * it found is saved with it. Rejects with `MailRejected` when the mail is refused.
 */
export function admitFirst(calls: Pick<EngineCalls, 'admitMail'>, isAsked: () => boolean, save: Save): Save {
  return async (mail) => {
    if (!isAsked()) return save(mail)
    const { refusal, auth } = await calls.admitMail(mail)
    if (refusal) throw new MailRejected(refusal.code, refusal.reason, refusal.message)
    await save(auth === undefined ? mail : { ...mail, auth })
  }
}
