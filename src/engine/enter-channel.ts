import { channelKinds, findChannelKind } from '../channels/index.js'
import { type EnteredChannel, readEnteredChannel } from '../config/channel-settings.js'
import { suggestionHint } from '../config/suggest.js'
import type { Channel } from '../domain/channel.js'
import { ApiError, ConfigError } from '../domain/errors.js'
import { hideSecrets } from '../domain/secrets.js'
import { isMap, readPath, type Settings, withPath } from './secret-settings.js'

/** Stands for a secret wherever settings are shown; given back, it means the secret that is kept. */
export const secretMask = '•••'

/**
 * Checks what a person entered. Throws `ConfigError` with everything that is wrong, in which no secret stands, neither
 * an entered one nor one of `secrets`.
 */
export function checkEntered(
  entered: EnteredChannel,
  secrets: readonly string[],
): { channel: Channel; secrets: string[] } {
  const { name, kind, settings } = entered
  refuseMask(kind, settings)
  const read = readEnteredChannel({ name, kind, settings }, channelKinds)
  if (read.channel) return { channel: read.channel, secrets: read.secrets }
  const hidden = [...secrets, ...read.secrets]
  throw new ConfigError(
    read.issues.map((issue) => ({
      ...issue,
      message: hideSecrets(issue.message, hidden),
      hint: issue.hint && hideSecrets(issue.hint, hidden),
    })),
  )
}

/** Puts kept secrets where the entered settings have the mask. */
export function fillMasked(kind: string, entered: Settings, kept: Settings | null): Settings {
  if (kept === null) return entered
  return secretsOf(kind).reduce((settings, path) => {
    const secret = readPath(kept, path.split('.'))
    const isMasked = readPath(settings, path.split('.')) === secretMask
    return isMasked && secret !== undefined ? withPath(settings, path.split('.'), secret) : settings
  }, entered)
}

/** Settings for people: of a secret, only that it is set. */
export function maskSettings(kind: string, settings: Settings): Settings {
  return secretsOf(kind).reduce((shown, path) => {
    const isSet = readPath(shown, path.split('.')) !== undefined
    return isSet ? withPath(shown, path.split('.'), secretMask) : shown
  }, settings)
}

function secretsOf(kind: string): string[] {
  return findChannelKind(kind)?.secrets ?? []
}

/** A mask that stands for nothing would be taken for the secret itself, and only fail at the vendor. */
function refuseMask(kind: string, settings: Settings): void {
  const masked = secretsOf(kind).filter((path) => holdsMask(readPath(settings, path.split('.'))))
  if (masked.length === 0) return
  const message = `there is no secret to keep for ${masked.join(', ')}`
  throw new ApiError(422, 'missing_secret', message, `"${secretMask}" means the one that is kept: enter it anew`)
}

function holdsMask(value: unknown): boolean {
  return value === secretMask || (isMap(value) && Object.values(value).includes(secretMask))
}

export function unknownKind(kind: string): ApiError {
  const hint = suggestionHint(
    kind,
    channelKinds.map((known) => known.kind),
    'kinds:',
  )
  return new ApiError(404, 'not_found', `there is no kind of channel "${kind}"`, hint)
}
