import type { RejectionReason } from './rejection.js'

/** A place in a config file. Lines and columns count from 1. */
export interface Position {
  file: string
  line: number
  column: number
}

export interface ConfigIssue {
  message: string
  /** A stable id: `unknown-key`, `unknown-channel`, `bad-regex`, `missing-variable`, `not-available`, … */
  code: string
  severity: 'error' | 'warning'
  position: Position | null
  /** What to do next: `did you mean "contains"?` */
  hint: string | null
  /** The lines around the position with a caret under it, ready to print. */
  frame: string | null
}

/** The config cannot be used. Carries every issue, so that a person mends them in one go. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly issues: ConfigIssue[]
  constructor(issues: ConfigIssue[]) {
    const first = issues.find((issue) => issue.severity === 'error') ?? issues[0]
    const place = first?.position ? `${first.position.file}:${first.position.line}:${first.position.column} ` : ''
    super(first ? `${place}${first.message}` : 'the config is invalid')
    this.issues = issues
  }
}

/** A refusal the SMTP client hears. Thrown only before the mail is committed. */
export class MailRejected extends Error {
  override readonly name = 'MailRejected'
  readonly smtpCode: number
  /** For the rejected log. */
  readonly reason: RejectionReason
  constructor(smtpCode: number, reason: RejectionReason, message: string) {
    super(message)
    this.smtpCode = smtpCode
    this.reason = reason
  }
}

export type SandboxErrorKind = 'timeout' | 'trap' | 'crash' | 'busy' | 'rejected' | 'output' | 'closed'

/** A WASM guest failed, or was refused. Never the gateway's fault, never fatal to it. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError'
  readonly kind: SandboxErrorKind
  /** What the guest logged before it failed. */
  readonly logs: GuestLog[]
  constructor(kind: SandboxErrorKind, message: string, logs: GuestLog[] = []) {
    super(message)
    this.kind = kind
    this.logs = logs
  }
}

export interface GuestLog {
  level: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  message: string
}

/** The LLM gave no usable verdict: down, slow, over budget, or nonsense. */
export class LlmError extends Error {
  override readonly name = 'LlmError'
  readonly kind: 'down' | 'timeout' | 'budget' | 'unparsable' | 'not_configured'
  constructor(kind: LlmError['kind'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

/** A lookup has no usable data, neither fresh nor stale. */
export class LookupError extends Error {
  override readonly name = 'LookupError'
}

/** No HTTP answer: `phase` says whether the request may have reached the other side. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  readonly kind: 'timeout' | 'refused' | 'dns' | 'tls' | 'reset' | 'policy' | 'aborted' | 'invalid'
  /** `before`: nothing was sent, a repeat is safe. `after`: the answer was lost, it may have arrived. */
  readonly phase: 'before' | 'after'
  constructor(kind: OutboundError['kind'], phase: OutboundError['phase'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
    this.phase = phase
  }
}

/** An answer of the HTTP API other than success. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly code: string
  readonly hint: string | null
  constructor(status: number, code: string, message: string, hint: string | null = null) {
    super(message)
    this.status = status
    this.code = code
    this.hint = hint
  }
}

/** The store cannot commit or read: disk full, locked, gone, or newer than this program. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  /** The disk is full or failed at this: the same may well succeed later. */
  readonly isPassing: boolean
  constructor(message: string, options: ErrorOptions & { isPassing?: boolean } = {}) {
    super(message, options)
    this.isPassing = options.isPassing ?? false
  }
}

/** A sealed secret cannot be opened: by none of the keys there are, or because it is no longer what was sealed. */
export class SealError extends Error {
  override readonly name = 'SealError'
  readonly kind: 'other_key' | 'damaged'
  constructor(kind: SealError['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}
