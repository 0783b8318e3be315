import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { SandboxError } from '../domain/errors.js'
import type { WasmHost, WasmModule } from '../domain/wasm.js'
import type { UploadedModules } from '../engine/action-set.js'
import { CliExit, collect, exitCodes } from './cli.js'

export interface UploadedOption {
  uploaded?: string[]
}

/** Commands that work without a server cannot know what was uploaded to one, so they are told. */
export function addUploadedOption(command: Command): Command {
  return command.option('--uploaded <name=file>', 'a file that stands for an uploaded action, also several', collect)
}

/** Name to absolute path. */
export function readUploadedOption({ uploaded = [] }: UploadedOption): Record<string, string> {
  const files: Record<string, string> = Object.create(null)
  for (const given of uploaded) {
    const [, name, file] = /^([^=]+)=(.+)$/.exec(given) ?? []
    if (!name || !file) throw new CliExit(exitCodes.usage, `--uploaded takes NAME=FILE, not "${given}"`)
    if (!existsSync(file)) throw new CliExit(exitCodes.notFound, `there is no file ${file}`)
    files[name] = resolve(file)
  }
  return files
}

export async function loadUploadedFiles(files: Record<string, string>, host: WasmHost): Promise<UploadedModules> {
  const modules = new Map<string, WasmModule>()
  for (const [name, file] of Object.entries(files)) modules.set(name, await loadFile(host, file))
  return { find: (name) => modules.get(name) ?? null, broken: new Map() }
}

/** Builds and checks a module of this machine; what is wrong with it ends the command. */
export async function loadFile(host: WasmHost, file: string): Promise<WasmModule> {
  try {
    return await host.load(file)
  } catch (error) {
    if (error instanceof SandboxError) throw new CliExit(exitCodes.failed, error.message)
    throw error
  }
}
