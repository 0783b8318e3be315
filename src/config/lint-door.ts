import type { ServerSettings } from '../domain/config.js'
import { isEverybody } from '../receive/client-ranges.js'
import type { Reading } from './normalise/reading.js'
import { keyPlaceAt } from './source.js'

/**
 * What is meant for strangers, where nobody is one: clients outside `allow` send nothing without logging in, and those in
 * it by name are known.
 */
export function lintDoor({ smtp }: Pick<ServerSettings, 'smtp'>, reading: Reading): void {
  if (smtp.allow.some(isEverybody)) return
  lintClientLimits(smtp, reading)
  lintSenderPolicy(smtp, reading)
}

function lintClientLimits({ clientLimits }: ServerSettings['smtp'], { root, issues }: Reading): void {
  const { mails, mailsPerDayMax } = clientLimits
  if (mails === null && mailsPerDayMax === null) return
  const message =
    'no client is counted: outside "allow" none may send without logging in, and those in it have no limits'
  const hint = 'users have their own limits, user_limits; 0.0.0.0/0 or ::/0 in "allow" lets strangers in, within these'
  issues.warning('idle-client-limits', message, keyPlaceAt(root, ['server', 'smtp', 'client_limits']), hint)
}

function lintSenderPolicy({ senderAuth }: ServerSettings['smtp'], { root, issues }: Reading): void {
  if (senderAuth === null || senderAuth.policy === 'none') return
  const place = keyPlaceAt(root, ['server', 'smtp', 'sender_auth', 'policy'])
  const message = `the policy ${senderAuth.policy} is for strangers, and everybody who may send is known`
  const hint = '0.0.0.0/0 or ::/0 in "allow" lets strangers in, past this policy'
  issues.warning('idle-sender-policy', message, place, hint)
}
