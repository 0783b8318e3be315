import { z } from 'zod'
import type { NetworkPolicy } from '../domain/config.js'
import type { SandboxErrorKind } from '../domain/errors.js'
import type { GuestExport } from './host-interface.js'
import type { CallLimits, ModuleLimits } from './limits.js'

/** What the parent asks of a child. `payload` is what the child's entry understands. */
export interface ChildRequest {
  id: number
  payload: unknown
}

/** What a child says. It ran foreign code, so the parent checks every word. */
export const childReplySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  /** What is ours is done (compiling the module); from here on the time is the guest's. */
  z.object({ type: z.literal('begun'), id: z.number() }),
  z.object({
    type: z.literal('log'),
    id: z.number(),
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error']),
    message: z.string(),
  }),
  /** How large the guest's memory has become, in bytes. */
  z.object({ type: z.literal('memory'), id: z.number(), bytes: z.number() }),
  z.object({ type: z.literal('done'), id: z.number(), output: z.string() }),
  z.object({
    type: z.literal('failed'),
    id: z.number(),
    kind: z.enum(['trap', 'rejected', 'output']),
    message: z.string(),
  }),
])
export type ChildReply = z.infer<typeof childReplySchema>
export type ChildFailureKind = Extract<SandboxErrorKind, 'trap' | 'rejected' | 'output'>

/** The payload of `child.ts`: one call of one guest. */
export interface GuestRequest {
  sha256: string
  path: string
  export: GuestExport
  /** JSON. */
  input: string
  config: Record<string, string>
  limits: CallLimits
  /** What its `http` calls may reach; null for a guest that has no network. */
  http: { allowHosts: string[]; network: NetworkPolicy } | null
}

/** The payload of `prepare-child.ts`: one module to build, check and harden. */
export interface PrepareRequest {
  path: string
  cacheFolder: string
  limits: ModuleLimits
  /** A source may import no other file. */
  alone: boolean
}

/** Its output, as JSON. */
export const preparedSchema = z.object({
  sha256: z.string(),
  path: z.string(),
  sizeBytes: z.number(),
  kinds: z.array(z.enum(['action', 'condition', 'job'])),
  /** The absolute paths of the files it was made of. */
  inputs: z.array(z.string()),
})
export type Prepared = z.infer<typeof preparedSchema>
