import { ApiError, ConfigError, type ConfigIssue, StoreError } from '../domain/errors.js'

/** An error as it crosses threads: structured clone would drop its class and fields. */
export interface CarriedError {
  name: string
  message: string
  stack: string | undefined
  issues?: ConfigIssue[]
  api?: { status: number; code: string; hint: string | null }
}

export function carryError(error: unknown): CarriedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined }
  const carried: CarriedError = { name: error.name, message: error.message, stack: error.stack }
  if (error instanceof ConfigError) carried.issues = error.issues
  if (error instanceof ApiError) carried.api = { status: error.status, code: error.code, hint: error.hint }
  return carried
}

export function restoreError(carried: CarriedError): Error {
  if (carried.issues) return new ConfigError(carried.issues)
  if (carried.api) return new ApiError(carried.api.status, carried.api.code, carried.message, carried.api.hint)
  if (carried.name === 'StoreError') return new StoreError(carried.message)
  const error = new RemoteError(carried.name, carried.message)
  if (carried.stack) error.stack = carried.stack
  return error
}

/** An error of the other thread that has no type of its own here. */
class RemoteError extends Error {
  override readonly name: string
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}
