import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Which gateway this is among others: random, kept in the data folder from the first start on, and no secret. Mails
 * that leave name it, and one that names it when it comes in goes round in a loop. A copy of the folder that is to run
 * as a second gateway beside the first one has to go without the file. What is in it but no id is replaced: at worst a
 * loop that is under way goes one round more.
 */
export function openInstanceId(dataFolder: string): string {
  const file = join(dataFolder, 'instance-id')
  const kept = existsSync(file) ? readFileSync(file, 'utf8').slice(0, 100).trim() : ''
  if (/^[0-9a-f]{16}$/.test(kept)) return kept
  const made = randomBytes(8).toString('hex')
  const draft = `${file}.${process.pid}.new`
  writeFileSync(draft, `${made}\n`, { flush: true })
  renameSync(draft, file)
  return made
}
