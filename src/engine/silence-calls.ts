import { ApiError } from '../domain/errors.js'
import type { Silence, SilenceMatchers } from '../domain/silence.js'
import type { Engine } from './engine.js'

/** A silence, as the API and the commands show it. */
export interface SilenceLine {
  id: string
  routes: string[]
  channels: string[]
  labels: Record<string, string>
  starts_at: string
  ends_at: string
  /** `ended` early, or because its time is over. */
  state: 'pending' | 'active' | 'ended'
  comment: string
  created_by: string
  created_at: string
}

export interface NewSilence {
  matchers: SilenceMatchers
  startsAt: number
  endsAt: number
  comment: string
}

const lengthMax = 200
const matchersMax = 50
const commentLengthMax = 1_000
const silencesMax = 500
/** What should never be sent is better taken out of the config. */
const spanMsMax = 366 * 86_400_000

/** What may be asked about silences. Rejects with `ApiError`. */
export function offerSilenceCalls({ store, orders, audit, newId, now }: Engine) {
  return {
    /** With `ended`, those that are over as well. Newest first. */
    async listSilences({ ended, limit }: { ended: boolean; limit: number }): Promise<SilenceLine[]> {
      const at = now()
      return (await store.listSilences({ ended, now: at, limit })).map((silence) => describeSilence(silence, at))
    },
    async addSilence(silence: NewSilence, actor: string): Promise<SilenceLine> {
      const at = now()
      checkSilence(silence, at)
      if (orders.silences().length >= silencesMax) {
        const hint = 'mailtrigger silences list shows them, silences end ends one'
        throw new ApiError(409, 'too_many', `there are ${silencesMax} silences already`, hint)
      }
      const kept: Silence = { ...silence, id: newId(), createdBy: actor, createdAt: at }
      await store.saveSilence(kept)
      await orders.read()
      const { routes, channels, labels } = silence.matchers
      const line = describeSilence(kept, at)
      const detail = {
        routes,
        channels,
        labels,
        starts_at: line.starts_at,
        ends_at: line.ends_at,
        comment: line.comment,
      }
      await audit(actor, 'silence.add', [kept.id], detail)
      return line
    },
    async endSilence(silenceId: string, actor: string): Promise<void> {
      if (!(await store.endSilence(silenceId, now()))) {
        const hint = 'mailtrigger silences list shows them'
        throw new ApiError(404, 'not_found', `there is no silence ${silenceId}, or it is over`, hint)
      }
      await orders.read()
      await audit(actor, 'silence.end', [silenceId], {})
    },
  }
}

function checkSilence({ matchers, startsAt, endsAt, comment }: NewSilence, now: number): void {
  const { routes, channels, labels } = matchers
  const texts = [...routes, ...channels, ...Object.entries(labels).flat()]
  const refuse = (message: string): never => {
    throw new ApiError(400, 'bad_request', message)
  }
  if (texts.length === 0) refuse('a silence names a route, a channel or a label; * stands for any text')
  if (texts.length > matchersMax * 2) refuse(`a silence has at most ${matchersMax} matchers`)
  if (texts.some((text) => text === '' || text.length > lengthMax)) refuse(`matchers have 1 to ${lengthMax} characters`)
  if (!Number.isSafeInteger(startsAt) || !Number.isSafeInteger(endsAt)) refuse('a silence has a start and an end')
  if (endsAt <= startsAt) refuse('a silence ends after it starts')
  if (endsAt <= now) refuse('the end of the silence is in the past')
  if (endsAt - startsAt > spanMsMax || endsAt - now > spanMsMax) refuse('a silence ends within a year')
  if (comment.length > commentLengthMax) refuse(`a comment has at most ${commentLengthMax} characters`)
}

function describeSilence(silence: Silence, now: number): SilenceLine {
  const { id, matchers, startsAt, endsAt, comment, createdBy, createdAt } = silence
  const { routes, channels, labels } = matchers
  return {
    id,
    routes,
    channels,
    labels,
    starts_at: new Date(startsAt).toISOString(),
    ends_at: new Date(endsAt).toISOString(),
    state: endsAt <= now ? 'ended' : startsAt <= now ? 'active' : 'pending',
    comment,
    created_by: createdBy,
    created_at: new Date(createdAt).toISOString(),
  }
}
