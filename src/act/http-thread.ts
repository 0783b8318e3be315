/** The thread beside guests that does their HTTP while they wait. */
import { workerData } from 'node:worker_threads'
import type { NetworkPolicy } from '../domain/config.js'
import { callAllowedHost, type GuestHttpAnswer } from '../outbound/allowed-http.js'
import { createOutbound, type Outbound } from '../outbound/client.js'
import { type BlockingEnd, serveBlockingCalls } from '../thread/blocking-calls.js'

/** The first argument comes from the guest as it is. */
export type HttpCalls = {
  http: (call: unknown, allowHosts: string[], network: NetworkPolicy) => Promise<GuestHttpAnswer>
}

const userAgent = 'MailTrigger action (+https://mailtrigger.app)'
let outbound: Outbound | null = null
let policyNow = ''

const calls: HttpCalls = {
  http: (call, allowHosts, network) => {
    const policy = JSON.stringify(network)
    if (outbound === null) outbound = createOutbound({ policy: network, userAgent })
    else if (policy !== policyNow) outbound.setPolicy(network)
    policyNow = policy
    return callAllowedHost(call, allowHosts, outbound.request)
  },
}
serveBlockingCalls(workerData as BlockingEnd, calls)
