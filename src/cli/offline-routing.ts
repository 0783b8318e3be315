import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { guestEntry } from '../act/guest-entry.js'
import type { HttpRequest } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import type { JudgeByLlm } from '../domain/judge.js'
import { type AssembledParts, assemblePipeline } from '../engine/assemble.js'
import { type ConfigSource, loadCheckedConfig } from '../engine/load-config.js'
import { noLlmCache, noLookupCache } from '../engine/store-caches.js'
import { userAgent } from '../engine/user-agent.js'
import { createOutbound } from '../outbound/client.js'
import { createParser } from '../receive/mime/parser.js'
import { createWasmHost } from '../wasm/host.js'
import { withStoredChannels } from './stored-channels.js'
import { loadUploadedFiles } from './uploaded-actions.js'

export interface OfflineOptions {
  config: Config
  /** Files that stand for uploaded actions, by name. */
  uploaded?: Record<string, string>
  /** Default: the configured LLM. */
  judge?: JudgeByLlm | null
  request?: HttpRequest
  now?: () => number
}

/** What the commands are told of a server's store: uploaded actions, and channels with their kinds. */
export interface ToldOfStore {
  uploaded: Record<string, string>
  storedChannels: ReadonlyMap<string, string>
}

/** Checks a config, with these in the store. Without any, the error of an unknown name says how to tell of it. */
export async function loadOffline(source: ConfigSource, { uploaded, storedChannels }: ToldOfStore) {
  const names = Object.keys(uploaded)
  const { config, warnings } = await loadCheckedConfig(source, {
    ...(names.length > 0 ? { uploadedActions: names } : {}),
    ...(storedChannels.size > 0 ? { storedChannels } : {}),
  })
  return { config: withStoredChannels(config, storedChannels), warnings }
}

/** The pipeline without a server: everything is decided, nothing is sent or kept. Always `stop` it. */
export async function openOfflineRouting(
  options: OfflineOptions,
): Promise<{ parts: AssembledParts; stop: () => Promise<void> }> {
  const outbound = createOutbound({ policy: options.config.server.network, userAgent })
  const parser = createParser({})
  const cacheFolder = mkdtempSync(join(tmpdir(), 'mailtrigger-'))
  const host = createWasmHost({
    cacheFolder,
    http: { entry: guestEntry, network: () => options.config.server.network },
  })
  const stop = async (): Promise<void> => {
    await host.stop()
    await parser.stop()
    await outbound.close()
    rmSync(cacheFolder, { recursive: true, force: true })
  }
  try {
    const uploads = await loadUploadedFiles(options.uploaded ?? {}, host)
    const parts = await assemblePipeline({
      config: options.config,
      host,
      uploads,
      parse: (raw, signal) => parser.parse(raw, signal),
      request: options.request ?? outbound.request,
      fetch: outbound.fetch,
      lookupCache: noLookupCache,
      llmCache: noLlmCache,
      silences: () => [],
      now: options.now ?? Date.now,
      measure: () => performance.now(),
      ...(options.judge === undefined ? {} : { judge: options.judge }),
    })
    return { parts, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
