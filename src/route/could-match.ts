import type { Mail } from '../domain/mail.js'
import type { CompiledRoutes } from './compile-routes.js'
import { evaluateCheap } from './evaluate.js'
import { MailReading } from './mail-reading.js'
import { findCandidates } from './match-routes.js'

/**
 * False when no route can match a mail, whatever an LLM or a module would say: a condition that would have to ask one
 * counts as open. Pure.
 */
export function couldMatch(compiled: CompiledRoutes, mail: Mail, now: number): boolean {
  const reading = new MailReading(mail, compiled.patterns)
  const { signal } = new AbortController()
  const context = { now, judgeByLlm: null, judgeByWasm: askNobody, signal, measure: () => 0 }
  return findCandidates(compiled, reading).some((position) => {
    const route = compiled.routes[position]
    return route !== undefined && evaluateCheap(route.condition, reading, context).value !== false
  })
}

function askNobody(): never {
  throw new TypeError('whether a route could match is decided without asking anybody')
}
