import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import type { Store } from '../store.js'
import { prepareActionCalls } from './action-calls.js'
import { listAudit, prepareAudit } from './audit.js'
import { isSqliteError } from './binding.js'
import { cancelDeliveries, retryDeliveries } from './change-deliveries.js'
import { prepareClaims } from './claim-deliveries.js'
import { CommitQueue } from './commit-queue.js'
import { prepareConfigLoads } from './config-loads.js'
import { listDeadLetterGroups } from './dead-letter-groups.js'
import { deleteMails } from './delete-mails.js'
import { countDeliveries, listDeliveries, readDelivery } from './delivery-lists.js'
import { prepareExpiry } from './expiry.js'
import { prepareIdentities } from './identities.js'
import { listInbox } from './inbox-list.js'
import { listRuns, listUnfinishedRuns, prepareJobs, readRun } from './jobs.js'
import { prepareLateResults } from './late-results.js'
import { listMails, readMail } from './mail-lists.js'
import { prepareMails } from './mails.js'
import { prepareModules } from './modules.js'
import { prepareMonitors } from './monitors.js'
import { listNotifications, readNotification } from './notification-lists.js'
import { prepareNotificationStore } from './notification-store.js'
import { openDatabase } from './open-database.js'
import { lockFolder } from './process-lock.js'
import { prepareRejections } from './rejections.js'
import { prepareRules } from './rules.js'
import { prepareSavedSearches } from './saved-searches.js'
import { prepareSearchIndex } from './search-index.js'
import { prepareSettle } from './settle-delivery.js'
import { prepareSilences } from './silences.js'
import { prepareSmallTables } from './small-tables.js'
import { StatCounts } from './stat-counts.js'
import { prepareStatSeries } from './stat-series.js'
import { readStats } from './stats.js'
import { prepareStoredChannels } from './stored-channels.js'
import { prepareStoredPeople } from './stored-people.js'

/**
 * The store in one SQLite file in the data folder. It blocks its thread while it commits, so it lives in a worker.
 * Opening it releases the leases of the process before: the folder's lock proves that process is gone.
 */
export function openSqliteStore(folder: string, now: () => number): Store {
  makeFolder(folder)
  const lock = lockFolder(join(folder, 'mailtrigger.lock'))
  const database = openOrRelease(join(folder, 'mailtrigger.sqlite3'), lock, now)
  const counts = new StatCounts(database)
  const mails = prepareMails(database, counts)
  const claims = prepareClaims(database)
  const settle = prepareSettle(database, counts)
  const late = prepareLateResults(database, counts)
  const notifications = prepareNotificationStore(database, counts)
  const small = prepareSmallTables(database)
  const rejections = prepareRejections(database, counts)
  const jobs = prepareJobs(database, counts)
  const modules = prepareModules(database)
  const monitors = prepareMonitors(database)
  const silences = prepareSilences(database)
  const rules = prepareRules(database)
  const audit = prepareAudit(database)
  const channels = prepareStoredChannels(database)
  const people = prepareStoredPeople(database)
  const configLoads = prepareConfigLoads(database)
  const queue = new CommitQueue(database, counts)
  const expiry = prepareExpiry(database, queue, now)
  const search = prepareSearchIndex(database)

  return {
    saveMails: (batch) => queue.write(() => mails.saveMails(batch)),
    claimMails: (claim) => queue.write(() => mails.claimMails(claim)),
    commitRouting: (routing) => queue.write(() => mails.commitRouting(routing)),
    releaseMail: (release) => queue.write(() => mails.release(release)),
    nextMailDueAt: async () => mails.nextDueAt(),
    claimDeliveries: (claim) => queue.write(() => claims.claimDeliveries(claim)),
    settleDelivery: (settlement) => queue.write(() => settle.settleDelivery(settlement)),
    readSent: async (deliveryId) => late.readSent(deliveryId),
    settleLate: (settlement) => queue.write(() => late.settleLate(settlement)),
    nextDeliveryDueAt: async () => claims.nextDueAt(),

    readRawMail: async (mailId) => mails.readRaw(mailId),
    readMail: async (mailId) => readMail(database, mailId),
    listMails: async (filter) => listMails(database, filter),
    deleteMails: (mailIds) => deleteMails(database, queue, mailIds),
    replayMail: (mailId, at) => queue.write(() => mails.replay(mailId, at)),
    readDelivery: async (deliveryId) => readDelivery(database, deliveryId),
    listDeliveries: async (filter) => listDeliveries(database, filter),
    countDeliveries: async (selection) => countDeliveries(database, selection),
    retryDeliveries: (selection, at) => retryDeliveries(database, queue, selection, at),
    cancelDeliveries: (selection, at, reason) => cancelDeliveries(database, queue, selection, at, reason ?? null),
    listDeadLetterGroups: async (selection) => listDeadLetterGroups(database, selection),

    readChannelPause: async (channel) => small.readPause(channel),
    saveChannelPause: (channel, pause) => queue.write(() => small.savePause(channel, pause)),
    readCache: async (space, key) => small.readCache(space, key),
    saveCache: (space, key, entry) => queue.write(() => small.saveCache(space, key, entry)),
    countWithin: (counter, day, max) => queue.write(() => small.countWithin(counter, day, max)),
    readCount: async (counter, day) => small.readCount(counter, day),
    saveToInbox: (entry) => queue.write(() => small.saveToInbox(entry)),
    listInbox: async (filter) => listInbox(database, filter),
    saveRejections: (batch) => queue.write(() => rejections.save(batch)),
    listRejections: async (filter) => rejections.list(filter),
    listDailyMailCounts: async (day) => mails.listDailyCounts(day),

    startRun: (run) => queue.write(() => jobs.startRun(run)),
    finishRun: (end, raised) => queue.write(() => jobs.finishRun(end, raised)),
    readRun: async (runId) => readRun(database, runId),
    listRuns: async (job, page) => listRuns(database, job, page),
    listUnfinishedRuns: async () => listUnfinishedRuns(database),
    readJobState: async (job) => jobs.readState(job),
    saveJobState: (job, state) => queue.write(() => jobs.saveState(job, state)),
    listUploadedJobs: async () => jobs.listUploads(),
    saveUploadedJob: (job) => queue.write(() => jobs.saveUpload(job)),
    deleteUploadedJob: (job) => queue.write(() => jobs.deleteUploadedJob(job)),

    saveModule: (module) => queue.write(() => modules.save(module)),
    listModules: async (name) => modules.list(name),
    readModule: async (name, sha256) => modules.read(name, sha256),
    activateModule: (name, sha256) => queue.write(() => modules.activate(name, sha256)),
    deleteModule: (name) => queue.write(() => modules.delete(name)),

    raise: (raised, origin, at) => queue.write(() => notifications.raise(raised, origin, at)),
    readNotification: async (notificationId) => readNotification(database, notificationId),
    listNotifications: async (filter) => listNotifications(database, filter),
    acknowledge: (request) => queue.write(() => notifications.acknowledge(request)),
    resolveNotifications: (ids, by, at) => queue.write(() => notifications.resolve(ids, by, at)),
    releaseHolds: (at, limit) => queue.write(() => notifications.releaseHolds(at, limit)),
    listDueDigests: async (at, limit) => notifications.listDueDigests(at, limit),
    commitDigest: (digest) => queue.write(() => notifications.commitDigest(digest)),
    nextFollowUpAt: async () => notifications.nextFollowUpAt(),
    keepDigest: (route, key, dueAt) => queue.write(() => notifications.keepDigest(route, key, dueAt)),

    listMonitorStates: async () => monitors.list(),
    readMonitorByToken: async (token) => monitors.readByToken(token),
    changeMonitor: (before, after, raised, at) =>
      queue.write(() => {
        const occasion = monitors.change(before, after, at)
        return occasion !== null && notifications.raise(raised, { source: 'monitor', key: occasion }, at)
      }),
    keepMonitors: (names) => queue.write(() => monitors.keep(names)),
    listSilences: async (filter) => silences.list(filter),
    saveSilence: (silence) => queue.write(() => silences.save(silence)),
    endSilence: (silenceId, at) => queue.write(() => silences.end(silenceId, at)),
    listRules: async () => rules.list(),
    saveRule: (rule) => queue.write(() => rules.save(rule)),
    deleteRule: (ruleId) => queue.write(() => rules.remove(ruleId)),
    saveAudit: (entry) => queue.write(() => audit.save(entry)),
    listAudit: async (filter) => listAudit(database, filter),
    readHeartbeat: async () => small.readHeartbeat(),
    saveHeartbeat: (at) => queue.write(() => small.saveHeartbeat(at)),

    listStoredChannels: async () => channels.list(),
    saveStoredChannels: (changes) => queue.write(() => channels.save(changes)),
    deleteStoredChannel: (name) => queue.write(() => channels.remove(name)),
    listStoredPeople: async () => people.list(),
    saveStoredPerson: (person, before) => queue.write(() => people.save(person, before)),
    deleteStoredPerson: (address) => queue.write(() => people.remove(address)),
    saveLinkCode: (code) => queue.write(() => people.saveCode(code)),
    listLinkCodes: async (now) => people.listCodes(now),
    useLinkCode: (use) => queue.write(() => people.useCode(use)),

    saveConfigLoad: (load) => queue.write(() => configLoads.save(load)),
    listConfigLoads: (page) => configLoads.list(page),

    ...prepareIdentities(database, queue),
    ...prepareStatSeries(database, queue),
    ...prepareActionCalls(database),
    ...prepareSavedSearches(database, queue),

    listUnindexed: async (limit) => search.listUnindexed(limit),
    countIndexAttempts: (mailIds) => queue.write(() => search.countAttempts(mailIds)),
    indexMails: (some) => queue.write(() => search.indexMails(some)),
    tidySearchIndex: () => queue.write(() => search.tidy()),

    readStats: async (at) => readStats(database, at),
    expire: (rule) => expiry.expire(rule),
    close: async () => {
      try {
        queue.drain()
        if (database.open) checkpoint(database)
      } finally {
        database.close()
        lock.release()
      }
    },
  }
}

/** The write-ahead log is as durable as the database: where the disk is full or fails, the next start works it off. */
function checkpoint(database: Database.Database): void {
  try {
    database.pragma('wal_checkpoint(TRUNCATE)')
  } catch (error) {
    if (!isSqliteError(error)) throw error
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new StoreError(`cannot make the data folder ${folder}: ${messageOf(error)}`, { cause: error })
  }
}

function openOrRelease(file: string, lock: { release: () => void }, now: () => number): Database.Database {
  let database: Database.Database | undefined
  try {
    database = openDatabase(file)
    releaseLeases(database, now())
    return database
  } catch (error) {
    database?.close()
    lock.release()
    if (error instanceof StoreError) throw error
    throw new StoreError(`cannot use ${file}: ${messageOf(error)}`, { cause: error })
  }
}

function releaseLeases(database: Database.Database, now: number): void {
  database.transaction(() => {
    prepareMails(database, new StatCounts(database)).releaseLeases(now)
    prepareClaims(database).releaseLeases(now)
  })()
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
