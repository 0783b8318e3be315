import { createDnsCache, DnsTrouble, NoSuchRecord } from '../authenticate/resolver.js'
import { type Finding, ok } from '../domain/finding.js'
import type { SenderAuthSettings } from '../domain/smtp-settings.js'

const questionMs = 2_000
/** A name that never is (RFC 6761, 6.4): that there is none is an answer as good as any. */
const nobody = 'check.invalid'

/** Whether the DNS servers answer that senders are checked by. Without checks there is nothing to find out. */
export async function examineDns(settings: SenderAuthSettings | null): Promise<Finding[]> {
  if (settings === null) return []
  const check = 'dns'
  const { resolvers } = settings
  const whose = resolvers.length > 0 ? resolvers.join(', ') : 'those of the machine'
  try {
    await createDnsCache(resolvers, questionMs, Date.now).ask(nobody, 'TXT')
  } catch (error) {
    if (error instanceof DnsTrouble) {
      const hint =
        'correct server.smtp.sender_auth.resolvers; until they answer, nobody knows who sent a mail (temperror)'
      return [{ check, state: 'bad', text: `${error.message} (${whose})`, hint, fixable: false }]
    }
    if (!(error instanceof NoSuchRecord)) throw error
  }
  return [ok(check, `the servers that senders are checked by answer: ${whose}`)]
}
