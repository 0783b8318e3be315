import { resolve } from 'node:path'
import type { ListenAddress } from '../../domain/smtp-settings.js'
import { parseDuration, parseSize } from '../../domain/units.js'
import { parseListen } from '../listen.js'
import type { SourceNode } from '../source.js'
import { listOf } from './reading.js'

export function durationMs(text: string | undefined, fallbackMs: number): number {
  return (text === undefined ? null : parseDuration(text)) ?? fallbackMs
}

export function durationsMs(texts: string[]): number[] {
  return texts.map((text) => durationMs(text, 0))
}

export function bytesOf(text: string | undefined, fallback: number): number {
  return (text === undefined ? null : parseSize(text)) ?? fallback
}

/** Relative to the folder of the file that names it. */
export function resolvePath(path: string, node: SourceNode): string {
  return resolve(node.file.folder, path)
}

export function listenAddresses(raw: string | string[], node: SourceNode): ListenAddress[] {
  return listOf(raw, node).map(({ value }) => readListen(value))
}

/** The schema has let through only what can be read. */
export function readListen(text: string): ListenAddress {
  const address = parseListen(text)
  if (!address) throw new Error(`the schema accepted the listen address ${text}`)
  return address
}
