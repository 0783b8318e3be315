import { z } from 'zod'
import type { NetworkPolicy } from '../domain/config.js'
import type { GuestPerson } from '../domain/guest-abi.js'
import type { CallLimits } from '../wasm/limits.js'
import { runReportSchema } from './notification.js'

/** What the engine asks of a child process of `child.ts`. One request is one operation on one job's database. */
export type ChildRequest = RunRequest | FileRequest

export interface RunRequest {
  operation: 'run'
  runId: string
  /** The hardened module. */
  module: { sha256: string; path: string }
  /** JSON. */
  input: string
  /** Texts, as Extism's config holds. */
  config: Record<string, string>
  limits: CallLimits
  database: { path: string; bytesMax: number }
  surroundings: RunSurroundings
}

/** What a run may see of the gateway. */
export interface RunSurroundings {
  /** The gateway's own database, of which only mails are read. */
  archive: string
  people: GuestPerson[]
  groups: string[]
  channels: string[]
  allowHosts: string[]
  network: NetworkPolicy
  userAgent: string
}

export type FileRequest =
  /** What a run committed and the engine has not taken over, or null. */
  | { operation: 'read_report'; path: string; bytesMax: number }
  | { operation: 'clear_report'; path: string; bytesMax: number; runId: string }
  | { operation: 'check'; path: string; bytesMax: number }
  | { operation: 'copy'; path: string; target: string }
  | { operation: 'query'; path: string; sql: string; rowsMax: number }

/** What a run comes back with: its report, or that of an earlier run, which has to be taken over before. */
export const runAnswerSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('finished'), report: runReportSchema }),
  z.object({ type: z.literal('leftover'), report: runReportSchema }),
])
export const reportAnswerSchema = runReportSchema.nullable()
export const queryAnswerSchema = z.object({
  columns: z.array(z.string()),
  rows: z.array(z.array(z.unknown())),
  truncated: z.boolean(),
})
