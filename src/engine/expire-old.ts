import type { ServerSettings } from '../domain/config.js'
import type { Store } from '../store/store.js'
import type { EngineLog } from './engine.js'

const mailsPerCommit = 500
const commitsMax = 1_000
const expireEveryMs = 600_000
const identitiesPerCommit = 500

/** Deletes what may go now, and again every ten minutes, until the function it returns is called. */
export function expireRegularly(
  store: Pick<Store, 'expire' | 'forgetIdentities' | 'trimStats'>,
  server: () => Pick<ServerSettings, 'retention' | 'http'>,
  now: () => number,
  log: EngineLog,
): () => Promise<void> {
  let work: Promise<void> = Promise.resolve()
  const expire = (): void => {
    const { retention, http } = server()
    const forgotten = forgetIdentities(store, retention, http.session.idleMs, now())
    work = forgotten
      .then(() => trimStats(store, now()))
      .then(() => expireOld(store, retention, now()))
      .then(
        (count) => (count > 0 ? log('info', 'retention deleted old mails', { count }) : undefined),
        (error: unknown) => log('error', 'retention could not delete old mails', { error: String(error) }),
      )
  }
  const timer = setInterval(expire, expireEveryMs)
  expire()
  return async () => {
    clearInterval(timer)
    await work
  }
}

/** Deletes what retention says may go, in small commits so that nobody waits long; how many rows went. */
export async function expireOld(
  store: Pick<Store, 'expire'>,
  retention: ServerSettings['retention'],
  now: number,
): Promise<number> {
  const { mailsMs, deliveriesMs, sizeBytesMax } = retention
  if (mailsMs === null && deliveriesMs === null && sizeBytesMax === null) return 0
  const rule = {
    mailsBefore: mailsMs === null ? null : now - mailsMs,
    deliveriesBefore: deliveriesMs === null ? null : now - deliveriesMs,
    sizeBytesMax,
    limit: mailsPerCommit,
  }
  let total = 0
  for (let commits = 0; commits < commitsMax; commits++) {
    const gone = await store.expire(rule)
    total += gone
    if (gone === 0) break
  }
  return total
}

/** Forgets sessions and codes that are over, and with the record of deliveries tokens that long count no more. */
async function forgetIdentities(
  store: Pick<Store, 'forgetIdentities'>,
  { deliveriesMs }: ServerSettings['retention'],
  idleMs: number,
  now: number,
): Promise<void> {
  const tokensBefore = deliveriesMs === null ? Number.MIN_SAFE_INTEGER : now - deliveriesMs
  const rule = { now, seenBefore: now - idleMs, tokensBefore, limit: identitiesPerCommit }
  for (let commits = 0; commits < commitsMax; commits++) if ((await store.forgetIdentities(rule)) === 0) break
}

/** Counts over time have a bound of their own, whatever retention says. */
async function trimStats(store: Pick<Store, 'trimStats'>, now: number): Promise<void> {
  for (let commits = 0; commits < commitsMax; commits++) if ((await store.trimStats(now)) === 0) break
}
