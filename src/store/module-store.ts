import type { ModuleVersion } from '../domain/module-version.js'

/** Uploaded modules of actions and conditions: of each name the last 20 versions, one of which is active. */
export interface ModuleStore {
  /**
   * Adds a version and makes it the active one, in one transaction. What was uploaded before counts as uploaded anew,
   * so that going back by uploading an old file works as well as a rollback.
   */
  saveModule: (module: NewModule) => Promise<void>
  /** Newest first; of every name when none is given. */
  listModules: (name?: string) => Promise<ModuleVersion[]>
  readModule: (name: string, sha256: string) => Promise<StoredModule | null>
  /** False when there is no such version. */
  activateModule: (name: string, sha256: string) => Promise<boolean>
  /** Forgets a name with all its versions; how many there were. */
  deleteModule: (name: string) => Promise<number>
}

export interface StoredModule extends Pick<ModuleVersion, 'filename'> {
  /** As they were uploaded. */
  bytes: Uint8Array
}

export interface NewModule extends StoredModule, Pick<ModuleVersion, 'name' | 'sha256' | 'kinds'> {
  uploadedAt: number
}
