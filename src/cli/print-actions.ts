import type { GuestTrial } from '../act/try-guest.js'
import type { ModuleVersion } from '../domain/module-version.js'
import { formatSize } from '../domain/units.js'
import type { ActionLine } from '../engine/module-calls.js'
import type { Cli } from './cli.js'
import { printTable, printTime } from './print-table.js'
import { cut } from './print-trace.js'

/** As many digits as tell versions apart; traces show the same. */
export function shortHash(sha256: string): string {
  return sha256.slice(0, 12)
}

export function printActions(items: ActionLine[]): string {
  if (items.length === 0) return 'no actions'
  const rows = items.map((line) => [
    line.name,
    line.kinds.join(', '),
    line.origin === 'uploaded' && line.declared ? 'uploaded, in place of the config' : line.origin,
    line.filename,
    shortHash(line.sha256),
    formatSize(line.size_bytes),
    line.routes.join(', ') || '–',
  ])
  return printTable(['name', 'kind', 'from', 'file', 'sha256', 'size', 'routes'], rows)
}

export function printVersions(items: ModuleVersion[], { colors }: Cli): string {
  if (items.length === 0) return 'nothing was uploaded under this name; the module of the config runs'
  const rows = items.map((version) => [
    shortHash(version.sha256),
    printTime(version.uploaded_at),
    version.active ? colors.green('active') : '',
    formatSize(version.size_bytes),
    version.filename,
  ])
  return printTable(['sha256', 'uploaded', '', 'size', 'file'], rows)
}

/** Before → after, what the guest said, logged and used. */
export function printTrial(target: string, trial: GuestTrial, { colors }: Cli): string {
  const { error, duration_ms, memory_bytes } = trial
  const lines = [`${colors.bold(target)}  ${colors.dim(`${trial.export}, sha256 ${shortHash(trial.sha256)}`)}`]
  if (error) lines.push(`  ${colors.red(`✗ failed (${error.kind}): ${error.message}`)}`)
  else lines.push(`  ${colors.green('✓')} ${describeVerdict(trial)}`)
  if (trial.output !== null) lines.push(`  ${colors.dim('output')}  ${cut(JSON.stringify(trial.output), 2_000)}`)
  for (const { level, message } of trial.logs) lines.push(`  ${colors.dim(level.padEnd(6))}  ${cut(message, 500)}`)
  const used = [duration_ms === null ? null : `${duration_ms} ms`, memory_bytes && `${formatSize(memory_bytes)} memory`]
  if (duration_ms !== null) lines.push(colors.dim(`  ${used.filter(Boolean).join(', ')}`))
  return lines.join('\n')
}

function describeVerdict({ export: called, before, after, output }: GuestTrial): string {
  const answer = (output ?? {}) as { match?: boolean; drop?: boolean; reason?: string }
  const reason = answer.reason ? `  (${answer.reason})` : ''
  if (called === 'match') return `${answer.match ? 'matches' : 'does not match'}${reason}`
  if (answer.drop) return `${listed(before)} → nobody: the mail is dropped${reason}`
  const same = before.length === after.length && before.every((entry, index) => entry === after[index])
  return same ? `recipients unchanged: ${listed(after)}${reason}` : `${listed(before)} → ${listed(after)}${reason}`
}

function listed(recipients: string[]): string {
  return recipients.join(', ') || 'nobody'
}
