import { Worker } from 'node:worker_threads'
import { type GuestLog, SandboxError } from '../domain/errors.js'
import { threadLimits } from './limits.js'
import type { ChildFailureKind, ChildReply, ChildRequest } from './messages.js'

export type WriteLog = (level: GuestLog['level'], message: string) => void

export interface CallReporter {
  /** Foreign code is about to run: the call's own deadline starts. */
  begin: () => void
  log: WriteLog
  /** How large the guest's memory is at the end. */
  reportMemory: (bytes: number) => void
}

/** Answers one request; throws `SandboxError` to say what kind of failure it was. */
export type CallHandler = (payload: unknown, reporter: CallReporter) => Promise<string>

/**
 * The whole life of a child process: say ready, then answer requests, one at a time (the parent sends no second one).
 * Log lines go out at once, so that those that fit into the pipe survive when the parent has to kill this process.
 */
export function serveCalls(handle: CallHandler): void {
  // A guest may keep this thread busy for ever, so dying with the parent cannot be left to it.
  new Worker(new URL('./lifeline.js', import.meta.url), { resourceLimits: threadLimits })
  process.on('message', (request: ChildRequest) => {
    void answer(handle, request).then(say)
  })
  say({ type: 'ready' })
}

async function answer(handle: CallHandler, { id, payload }: ChildRequest): Promise<ChildReply> {
  try {
    const output = await handle(payload, {
      begin: () => say({ type: 'begun', id }),
      log: (level, message) => say({ type: 'log', id, level, message }),
      reportMemory: (bytes) => say({ type: 'memory', id, bytes }),
    })
    return { type: 'done', id, output }
  } catch (error) {
    return error instanceof SandboxError && isChildFailure(error.kind)
      ? { type: 'failed', id, kind: error.kind, message: error.message }
      : { type: 'failed', id, kind: 'trap', message: String(error).slice(0, 1_000) }
  }
}

function isChildFailure(kind: SandboxError['kind']): kind is ChildFailureKind {
  return kind === 'trap' || kind === 'rejected' || kind === 'output'
}

function say(reply: ChildReply): void {
  process.send?.(reply)
}
