import type { GuestTrial } from '../act/try-guest.js'
import { hideSecrets } from '../domain/secrets.js'

/** The mail as it was before the action, to be compared with what the action made of it. */
export interface TrialMail {
  subject: string
  text: string
}

/** A guest may be given secrets in its config; what it says of them is for nobody, whoever tries it. */
export function hideInTrial(trial: GuestTrial, secrets: readonly string[]): GuestTrial {
  const { error } = trial
  return {
    ...trial,
    output: hideInside(trial.output, secrets),
    logs: trial.logs.map((line) => ({ ...line, message: hideSecrets(line.message, secrets) })),
    error: error && { ...error, message: hideSecrets(error.message, secrets) },
  }
}

function hideInside(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return hideSecrets(value, secrets)
  if (Array.isArray(value)) return value.map((item) => hideInside(item, secrets))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hideInside(inner, secrets)]))
}
