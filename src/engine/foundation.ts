import { join } from 'node:path'
import { guestEntry } from '../act/guest-entry.js'
import { type Authenticator, createAuthenticator } from '../authenticate/authenticator.js'
import type { NetworkPolicy } from '../domain/config.js'
import type { WasmHost } from '../domain/wasm.js'
import { createOutbound, type Outbound } from '../outbound/client.js'
import { createParser, type MailParser } from '../receive/mime/parser.js'
import { openSqliteStore } from '../store/sqlite/sqlite-store.js'
import type { Store } from '../store/store.js'
import { createWasmHost } from '../wasm/host.js'
import { openInstanceId } from './instance-id.js'
import { anyInStore, type ConfigSource, loadCheckedConfig } from './load-config.js'
import { openServerKeys, type ServerKeys } from './server-key.js'
import { userAgent } from './user-agent.js'

/** What everything else in the engine stands on, and what stays over reloads. */
export interface Foundation {
  dataFolder: string
  store: Store
  outbound: Outbound
  parser: MailParser
  authenticator: Authenticator
  host: WasmHost
  /** What links and buttons are signed with, and secrets sealed. */
  keys: ServerKeys
  /** Which gateway this is among others, for good: see `ChannelContext.instance`. */
  instance: string
  close: () => Promise<void>
}

/**
 * Opens the data folder and what needs no config beyond where that is. Rejects with `ConfigError` or `StoreError`.
 * @param network the policy of the config that runs, for guests
 */
export async function openFoundation(
  source: ConfigSource,
  network: () => NetworkPolicy,
  now: () => number,
): Promise<Foundation> {
  // What people uploaded and entered is in the store, and where the store is, in the config: so that is read twice.
  const { server } = (await loadCheckedConfig(source, anyInStore)).config
  const { dataFolder } = server
  const store = openSqliteStore(dataFolder, now)
  try {
    const keys = openServerKeys(dataFolder, source.env)
    const instance = openInstanceId(dataFolder)
    const outbound = createOutbound({ policy: server.network, userAgent })
    const parser = createParser({})
    const authenticator = createAuthenticator()
    const host = createWasmHost({
      cacheFolder: join(dataFolder, 'wasm-cache'),
      http: { entry: guestEntry, network },
    })
    const close = async (): Promise<void> => {
      await host.stop()
      await parser.stop()
      await authenticator.stop()
      await outbound.close()
      await store.close()
    }
    return { dataFolder, store, outbound, parser, authenticator, host, keys, instance, close }
  } catch (error) {
    await store.close()
    throw error
  }
}
