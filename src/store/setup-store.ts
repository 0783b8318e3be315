import type { StoredChannel } from '../domain/stored-channel.js'
import type { LinkCode, StoredPerson } from '../domain/stored-person.js'

/** What people set up while the server runs, beside its files: channels, and what is known of people. */
export interface SetupStore {
  listStoredChannels: () => Promise<StoredChannel[]>
  /**
   * Makes it, or replaces the one of its name: all of them in one transaction, so that a change of the key is done or
   * not done. `before` is `changedAt` of what was read (null: there was none); false when somebody was faster.
   */
  saveStoredChannels: (changes: { channel: StoredChannel; before: number | null }[]) => Promise<boolean>
  deleteStoredChannel: (name: string) => Promise<boolean>

  listStoredPeople: () => Promise<StoredPerson[]>
  /**
   * `before` is `changedAt` of what was read (null: there was none); false when somebody was faster, which a link may
   * be at any time.
   */
  saveStoredPerson: (person: StoredPerson, before: number | null) => Promise<boolean>
  deleteStoredPerson: (address: string) => Promise<boolean>

  /** A person has at most one open code for a channel: a new one replaces it. */
  saveLinkCode: (code: LinkCode) => Promise<void>
  /** Those that are still open. */
  listLinkCodes: (now: number) => Promise<LinkCode[]>
  /**
   * Uses the code up and writes the address into the person, in one transaction. Null when there is no such code for one
   * of the channels, when it is over, or was used.
   */
  useLinkCode: (use: { digest: string; channels: string[]; address: string; now: number }) => Promise<LinkCode | null>
}
