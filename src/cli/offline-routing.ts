import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { HttpRequest } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import type { JudgeByLlm } from '../domain/judge.js'
import { type AssembledParts, assemblePipeline } from '../engine/assemble.js'
import { guestEntry, userAgent } from '../engine/foundation.js'
import { type ConfigSource, loadCheckedConfig } from '../engine/load-config.js'
import { noLlmCache, noLookupCache } from '../engine/store-caches.js'
import { createOutbound } from '../outbound/client.js'
import { createParser } from '../receive/parser.js'
import { createWasmHost } from '../wasm/host.js'
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

/** Checks a config, with these names taken as uploaded. Without any, an unknown action's error says how to name them. */
export function loadOffline(source: ConfigSource, uploaded: Record<string, string>) {
  const names = Object.keys(uploaded)
  return loadCheckedConfig(source, names.length > 0 ? names : undefined)
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
