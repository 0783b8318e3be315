import type { ServerSettings } from '../domain/config.js'
import { isEverybody } from '../receive/client-ranges.js'
import type { Reading } from './normalise/reading.js'
import { keyPlaceAt } from './source.js'

/** Clients outside `allow` send nothing without logging in, and those in it by name are not counted: for whom is a rate? */
export function lintDoor({ smtp }: Pick<ServerSettings, 'smtp'>, { root, issues }: Reading): void {
  const { mails, mailsPerDayMax } = smtp.clientLimits
  if ((mails === null && mailsPerDayMax === null) || smtp.allow.some(isEverybody)) return
  const message =
    'no client is counted: outside "allow" none may send without logging in, and those in it have no limits'
  const hint = 'users have their own limits, user_limits; 0.0.0.0/0 or ::/0 in "allow" lets strangers in, within these'
  issues.warning('idle-client-limits', message, keyPlaceAt(root, ['server', 'smtp', 'client_limits']), hint)
}
