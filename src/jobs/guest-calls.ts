import { Worker } from 'node:worker_threads'
import type { JobNotification } from '../domain/job.js'
import { splitPlus } from '../domain/plus-address.js'
import type { GuardedDatabase } from '../store/sqlite/guarded-database.js'
import { type Blocking, createBlockingCalls } from '../thread/blocking-calls.js'
import type { MailtriggerAnswers } from '../wasm/guest-host.js'
import { threadLimits } from '../wasm/limits.js'
import type { RunSurroundings } from './messages.js'
import { notificationsMax, readNotification } from './notification.js'
import type { WaitingCalls, WaitingThreadData } from './waiting-thread.js'

/** A run's own deadline is shorter; this one only keeps a wait from having no end at all. */
const waitMsMax = 1_000_000

export interface GuestCallParts {
  database: GuardedDatabase
  surroundings: RunSurroundings
  /** Filled with what the guest raises. */
  notifications: JobNotification[]
}

/**
 * What a job may ask of the gateway. A guest waits for each answer and so does its thread; what has to be awaited (HTTP,
 * parsing mails) is done by a second thread, started when it is first needed.
 */
export function createGuestCalls(parts: GuestCallParts): { answers: MailtriggerAnswers; stop: () => Promise<void> } {
  const { database, surroundings, notifications } = parts
  const known = { channels: new Set(surroundings.channels), groups: new Set(surroundings.groups) }
  const people = new Map(surroundings.people.map((person) => [person.address, person]))
  let waiting: { calls: Blocking<WaitingCalls>; worker: Worker } | null = null
  const waitingCalls = (): Blocking<WaitingCalls> => {
    waiting ??= startWaitingThread(surroundings)
    return waiting.calls
  }

  return {
    answers: {
      db_query: (sql, parameters) => database.query(sql, parameters),
      db_exec: (sql, parameters) => database.exec(sql, parameters),
      mail_search: (query) => waitingCalls().searchMails(query),
      mail_get: (mailId) => waitingCalls().readMail(mailId),
      people_get: (address) => {
        const asked = String(address).trim().toLowerCase()
        return people.get(asked) ?? people.get(splitPlus(asked).plain) ?? null
      },
      http: (call) => waitingCalls().http(call),
      notify: (given) => {
        if (notifications.length >= notificationsMax) {
          throw new Error(`a run raises at most ${notificationsMax} notifications`)
        }
        notifications.push(readNotification(given, known))
        return {}
      },
    },
    stop: async () => {
      await waiting?.worker.terminate()
    },
  }
}

function startWaitingThread(surroundings: RunSurroundings): { calls: Blocking<WaitingCalls>; worker: Worker } {
  const { calls, end, transfer } = createBlockingCalls<WaitingCalls>(waitMsMax)
  const { archive, allowHosts, network, userAgent } = surroundings
  const workerData: WaitingThreadData = { end, archive, allowHosts, network, userAgent }
  const worker = new Worker(new URL('./waiting-thread.js', import.meta.url), {
    workerData,
    transferList: transfer,
    resourceLimits: { ...threadLimits, maxOldGenerationSizeMb: 192 },
  })
  // A thread that dies leaves its caller waiting, and the run ends at its deadline; without a listener the process would.
  worker.on('error', () => undefined)
  return { calls, worker }
}
