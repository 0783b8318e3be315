import { ApiError } from '../domain/errors.js'

/** What a module may have at most; see the limits of the sandbox. */
export const moduleBytesMax = 8 * 1024 * 1024
/** Names stand in paths and on command lines. */
const actionName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const plainFilename = /^[\p{L}\p{N}_][\p{L}\p{N}._ -]{0,99}\.(?:wasm|ts|js)$/u

/** Gives the name back. Throws `ApiError` 400 when an upload cannot have it. */
export function checkActionName(name: string): string {
  if (actionName.test(name)) return name
  const message = `${JSON.stringify(name.slice(0, 80))} cannot be the name of an uploaded action`
  throw new ApiError(400, 'bad_name', message, 'letters, digits, dots, dashes and underscores, at most 64 of them')
}

/** Whether errors may name a module's file so: no path, no quote, and an ending that says what it is. */
export function isModuleFilename(filename: string): boolean {
  return plainFilename.test(filename)
}

/** The name of a file as a browser gives it, made plain. Throws `ApiError` 400 when it is no .wasm, .ts or .js file. */
export function plainModuleFilename(given: string): string {
  const [, stem = '', ending] = /^(.*)\.(wasm|ts|js)$/isu.exec(given.split(/[/\\]/).at(-1) ?? '') ?? []
  if (ending === undefined) {
    throw new ApiError(400, 'unknown_type', `“${given.slice(0, 80)}” is no .wasm, .ts or .js file`)
  }
  const plain = stem.replace(/[^\p{L}\p{N}._ -]/gu, '_').replace(/^[^\p{L}\p{N}_]/u, '_')
  return `${[...plain].slice(0, 90).join('') || '_'}.${ending.toLowerCase()}`
}

/** `pager.as.ts` → `pager`: what a module is called when nobody says otherwise. */
export function nameOfModule(filename: string): string {
  return filename.replace(/(?:\.as)?\.(?:wasm|ts|js)$/, '')
}
