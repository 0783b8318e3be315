import type { SearchText } from '../domain/search-text.js'

/**
 * The index of the mails' words. A mail that was routed waits for it in the store, so that no crash forgets one; until
 * it is indexed, no search for words finds it.
 */
export interface SearchStore {
  /** Mails that wait to be indexed, the newest first. */
  listUnindexed: (limit: number) => Promise<UnindexedMail[]>
  /** Notes that these are about to be read again, so that one that ends the process is not read for ever. */
  countIndexAttempts: (mailIds: string[]) => Promise<void>
  /** In one commit. Mails that are gone meanwhile are left out. */
  indexMails: (mails: SearchableMail[]) => Promise<void>
  /** Puts a small part of the index in order; false when there is nothing left to do. */
  tidySearchIndex: () => Promise<boolean>
}

export interface UnindexedMail {
  mailId: string
  /** How often it was read for the index without coming to an end. */
  attempts: number
}

export interface SearchableMail {
  mailId: string
  /** Null when it cannot be read: then only what stands beside the mail is found. */
  text: SearchText | null
}
