import { ApiError } from '../domain/errors.js'
import type { EngineEvent } from '../domain/events.js'
import type { RawMail } from '../domain/mail.js'
import type { InboxFilter, MailFilter, MailSummary, Page } from '../store/store.js'
import type { Engine } from './engine.js'
import { type Explanation, explainMail } from './explanation.js'

const explainTimeoutMs = 60_000

/** Taking mails in, looking at them, and routing them again. Rejects with `ApiError`. */
export function offerMailCalls(engine: Engine) {
  const { store, pipeline, audit, emit, now, search } = engine

  function explain(raw: RawMail): Promise<Explanation> {
    return explainMail(engine.current().parts, raw, AbortSignal.timeout(explainTimeoutMs))
  }

  return {
    /** Resolves when the mails are durable, and when there is room for more. */
    async saveMails(mails: RawMail[]): Promise<void> {
      const saving = store.saveMails(mails)
      // Asked for now, the pipeline's claim shares the commit that saves the mails.
      pipeline.wake()
      await saving
      const bytes = mails.reduce((sum, mail) => sum + mail.raw.byteLength, 0)
      pipeline.added(mails.length, bytes)
      for (const mail of mails) emit(storedEvent(mail))
      await pipeline.waitForRoom()
    },
    async listMails(filter: MailFilter): Promise<Page<MailSummary>> {
      if (filter.text || filter.query) await search.catchUp()
      return store.listMails(filter)
    },
    readMail: (mailId: string) => store.readMail(mailId),
    readRawMail: (mailId: string) => store.readRawMail(mailId),
    /** How many there were. */
    async deleteMails(mailIds: string[], actor: string): Promise<number> {
      const count = await store.deleteMails(mailIds)
      // What they leave in the index is swept up behind them.
      search.wake()
      if (count > 0) await audit(actor, 'mail.delete', mailIds, { count })
      return count
    },
    /** Routes mails again with the config as it is now; how many there were. */
    async replayMails(mailIds: string[], actor: string): Promise<number> {
      const at = now()
      // All at once: they share commits.
      const found = await Promise.all(mailIds.map((mailId) => store.replayMail(mailId, at)))
      const replayed = mailIds.filter((_, index) => found[index])
      pipeline.wake()
      if (replayed.length > 0) await audit(actor, 'mail.replay', replayed, {})
      return replayed.length
    },
    async explainMail(mailId: string): Promise<Explanation> {
      const raw = await store.readRawMail(mailId)
      if (!raw) throw new ApiError(404, 'not_found', `there is no mail ${mailId}`)
      return explain(raw)
    },
    explainRaw: explain,
    listInbox: ({ recipient, ...page }: InboxFilter) =>
      store.listInbox({ ...page, ...(recipient && { recipient: recipient.toLowerCase() }) }),
  }
}

function storedEvent(mail: RawMail): EngineEvent {
  const { from, to } = mail.envelope
  return { type: 'mail.stored', mail_id: mail.id, from, to, size_bytes: mail.raw.byteLength }
}
