import type { ActionSettings, LookupSettings, LookupSource } from '../../domain/config.js'
import type { RawAction, RawLookup } from '../schema/routes-file.js'
import { collectSubstituted } from '../secrets.js'
import { childOf, keyPlaceAt, positionOf, type SourceNode } from '../source.js'
import { type Reading, under } from './reading.js'
import { durationMs, resolvePath } from './values.js'

const moduleEndings = ['.wasm', '.ts', '.js']

export function normaliseLookup(name: string, raw: RawLookup, node: SourceNode, reading: Reading): LookupSettings {
  return {
    name,
    source: lookupSource(raw, node, reading),
    cacheMs: durationMs(raw.cache, 5 * 60_000),
    staleOkMs: durationMs(raw.stale_ok, 24 * 3_600_000),
  }
}

function lookupSource(raw: RawLookup, node: SourceNode, reading: Reading): LookupSource {
  if (raw.url !== undefined) {
    const headers = childOf(node, 'headers')
    if (headers?.type === 'map') for (const entry of headers.entries.values()) collectSubstituted(entry.node, reading)
    return { type: 'http', url: raw.url, headers: { ...raw.headers }, timeoutMs: durationMs(raw.timeout, 5_000) }
  }
  if (raw.headers !== undefined) {
    const place = keyPlaceAt(node, ['headers'])
    reading.issues.warning('unused-setting', 'headers are only sent with a url', place)
  }
  if (raw.file === undefined) return { type: 'inline', data: raw.inline }
  const place = under(node, 'file')
  const path = resolvePath(raw.file, place)
  if (!reading.fileExists(path)) {
    reading.issues.warning('missing-file', `there is no file ${raw.file}`, place, `looked for ${path}`)
  }
  return { type: 'file', path }
}

export function normaliseAction(name: string, raw: RawAction, node: SourceNode, reading: Reading): ActionSettings {
  const config = childOf(node, 'config')
  if (config) collectSubstituted(config, reading)
  return {
    name,
    module: readModule(raw.module, under(node, 'module'), reading),
    config: raw.config ?? {},
    timeoutMs: durationMs(raw.timeout, 1_000),
    allowHosts: (raw.allow_hosts ?? []).map((host) => host.toLowerCase()),
    position: positionOf(keyPlaceAt(reading.root, ['actions', name])),
  }
}

/** The absolute path of a module or its source; what cannot be one is reported. */
export function readModule(path: string, place: SourceNode, reading: Reading): string {
  const module = resolvePath(path, place)
  if (!moduleEndings.some((ending) => path.endsWith(ending))) {
    const message = `the module ${JSON.stringify(path)} is no WASM module and no source of one`
    reading.issues.error('bad-module', message, place, 'a module ends in .wasm, .ts, .js or .as.ts')
  } else if (!reading.fileExists(module)) {
    reading.issues.error('missing-file', `there is no file ${path}`, place, `looked for ${module}`)
  }
  return module
}
