import { readFileSync, statSync } from 'node:fs'

const secretFileBytesMax = 65_536

/**
 * Reads what `${file:…}` names: a regular file of at most 64 kB, because a pipe or a device would hold the program up.
 * Throws an error whose message says why it cannot.
 */
export function readSecretFile(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) throw new Error('there is no such file')
  if (!stat.isFile()) throw new Error('it is not a file')
  if (stat.size > secretFileBytesMax) throw new Error(`it is larger than ${secretFileBytesMax} bytes`)
  return readFileSync(path, 'utf8')
}
