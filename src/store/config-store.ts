import type { ConfigLoad } from '../domain/config-load.js'
import type { Page } from './store.js'

/** The last 200 times the config was read. */
export interface ConfigStore {
  saveConfigLoad: (load: ConfigLoad) => Promise<void>
  /** Newest first. */
  listConfigLoads: (page: { limit: number; cursor?: string | undefined }) => Promise<Page<ConfigLoadLine>>
}

export interface ConfigLoadLine extends Omit<ConfigLoad, 'at'> {
  id: string
  at: string
}
