import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import { OutboundError } from '../domain/errors.js'
import type { OutcomeFacts } from './outcome-from-answer.js'
import { parseJson } from './parse-json.js'
import { redactText } from './redact-text.js'
import { pauseUntilAborted } from './wait.js'

/** Nearly all are worked off within a second; whoever is later than this is not waited for. */
const pausesMs = [300, 700, 1_500]
const statusTimeoutMs = 5_000
const statusMax = 300

const requestStatus = z.object({
  data: z.object({ isSuccess: z.boolean(), status: z.string().default(''), alertId: z.string().optional() }),
})
export type RequestStatus = z.infer<typeof requestStatus>['data']

/**
 * What became of a request (Alert API, "Get request status"): until it is worked off the answer is 404. Null when that
 * is not known: it is late, or nobody answers the question, which says nothing of the request itself.
 */
export async function askRequest(
  url: string,
  headers: Record<string, string>,
  { request, signal }: Pick<ChannelContext, 'request' | 'signal'>,
): Promise<RequestStatus | null> {
  for (const pauseMs of [0, ...pausesMs]) {
    if (pauseMs > 0) await pauseUntilAborted(pauseMs, signal)
    if (signal.aborted) return null
    let answer: HttpAnswer
    try {
      answer = await request({ url, headers, signal, timeoutMs: statusTimeoutMs })
    } catch (error) {
      if (error instanceof OutboundError) return null
      throw error
    }
    if (answer.status === 200) return requestStatus.safeParse(parseJson(answer.text)).data?.data ?? null
    if (answer.status !== 404) return null
  }
  return null
}

/**
 * An alert that was refused is not open, and nobody was called. To acknowledge or close one that is closed or gone
 * already is no failure: there is nothing left to do.
 */
export function judgeRequest(
  accepted: Extract<Outcome, { kind: 'accepted' | 'delivered' }>,
  status: RequestStatus | null,
  opens: boolean,
  { secrets }: Pick<OutcomeFacts, 'secrets'>,
): Outcome {
  if (status === null) return { ...accepted, text: `${accepted.text}; what became of it is not known yet` }
  const text = redactText(status.status, secrets).slice(0, statusMax) || (status.isSuccess ? 'done' : 'refused')
  const isDone = status.isSuccess || (!opens && /already|not exist|not found|closed/i.test(text))
  if (!isDone) return { kind: 'permanent', scope: 'message', statusCode: 202, text: `queued, then refused: ${text}` }
  const { alertId } = status
  const remote = { ...accepted.remote, ...(alertId === undefined ? {} : { alert_id: alertId.slice(0, 200) }) }
  return { kind: 'delivered', remote, statusCode: accepted.statusCode, text }
}
