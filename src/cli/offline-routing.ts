import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { HttpRequest } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import type { JudgeByLlm } from '../domain/judge.js'
import { assemblePipeline } from '../engine/assemble.js'
import { userAgent } from '../engine/engine.js'
import { noLlmCache, noLookupCache } from '../engine/store-caches.js'
import { createOutbound } from '../outbound/client.js'
import type { PipelineParts } from '../pipeline.js'
import { createParser } from '../receive/parser.js'
import { createWasmHost } from '../wasm/host.js'

export interface OfflineOptions {
  config: Config
  /** Default: the configured LLM. */
  judge?: JudgeByLlm | null
  request?: HttpRequest
  now?: () => number
}

/** The pipeline without a server: everything is decided, nothing is sent or kept. Always `stop` it. */
export async function openOfflineRouting(
  options: OfflineOptions,
): Promise<{ parts: PipelineParts; stop: () => Promise<void> }> {
  const outbound = createOutbound({ policy: options.config.server.network, userAgent })
  const parser = createParser({})
  const cacheFolder = mkdtempSync(join(tmpdir(), 'mailtrigger-'))
  const host = createWasmHost({ cacheFolder })
  const stop = async (): Promise<void> => {
    await host.stop()
    await parser.stop()
    await outbound.close()
    rmSync(cacheFolder, { recursive: true, force: true })
  }
  try {
    const parts = await assemblePipeline({
      config: options.config,
      host,
      parse: (raw, signal) => parser.parse(raw, signal),
      request: options.request ?? outbound.request,
      fetch: outbound.fetch,
      lookupCache: noLookupCache,
      llmCache: noLlmCache,
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
