import { parentPort } from 'node:worker_threads'
import { authenticateMail } from './authenticate-mail.js'
import type { CheckAnswer, CheckRequest } from './authenticator.js'
import { createDnsCache, type DnsCache } from './resolver.js'

/** The thread behind `createAuthenticator`: DNS questions of many mails side by side, and the hashing between them. */
if (parentPort === null) throw new Error('authenticate-worker runs as a worker thread only')
const port = parentPort
const questionMsMax = 2_000

let dns: { key: string; cache: DnsCache } | null = null

function dnsFor({ resolvers, timeoutMs }: CheckRequest['settings']): DnsCache {
  const questionMs = Math.min(questionMsMax, timeoutMs)
  const key = JSON.stringify([resolvers, questionMs])
  if (dns?.key !== key) dns = { key, cache: createDnsCache(resolvers, questionMs, Date.now) }
  return dns.cache
}

async function answer({ id, settings, hostname, ...mail }: CheckRequest): Promise<void> {
  const { ask } = dnsFor(settings)
  const { timeoutMs } = settings
  const { signal } = new AbortController()
  const auth = await authenticateMail(mail, { resolve: ask, timeoutMs, signal, hostname })
  port.postMessage({ id, auth } satisfies CheckAnswer)
}

port.on('message', (request: CheckRequest) => {
  void answer(request)
})
