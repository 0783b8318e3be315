/** The thread of a run that does what has to be awaited, while the guest's own thread waits for it. */
import { workerData } from 'node:worker_threads'
import type { NetworkPolicy } from '../domain/config.js'
import type { ActionInput, MailHit } from '../domain/guest-abi.js'
import { callAllowedHost, type GuestHttpAnswer } from '../outbound/allowed-http.js'
import { createOutbound, type Outbound } from '../outbound/client.js'
import { createParser } from '../receive/mime/parser.js'
import { openMailArchive } from '../store/sqlite/mail-archive.js'
import { type BlockingEnd, serveBlockingCalls } from '../thread/blocking-calls.js'
import { describeMail } from './describe-mail.js'
import { createMailSearch } from './search-mails.js'

export interface WaitingThreadData {
  end: BlockingEnd
  archive: string
  allowHosts: string[]
  network: NetworkPolicy
  userAgent: string
}

/** Arguments come from the guest as they are. */
export type WaitingCalls = {
  searchMails: (query: unknown) => Promise<{ items: MailHit[]; next_cursor: string | null }>
  readMail: (mailId: unknown) => Promise<ActionInput['mail'] | null>
  http: (call: unknown) => Promise<GuestHttpAnswer>
}

const { end, archive: archiveFile, allowHosts, network, userAgent } = workerData as WaitingThreadData
const archive = openMailArchive(archiveFile)
const parser = createParser()
const never = new AbortController().signal
const parse = (raw: Parameters<typeof parser.parse>[0]) => parser.parse(raw, never)
let outbound: Outbound | null = null

const calls: WaitingCalls = {
  searchMails: createMailSearch({ archive, parse }),
  readMail: async (mailId) => {
    const raw = archive.read(String(mailId))
    return raw && describeMail(await parse(raw))
  },
  http: (call) => {
    outbound ??= createOutbound({ policy: network, userAgent })
    return callAllowedHost(call, allowHosts, outbound.request)
  },
}
serveBlockingCalls(end, calls)
