import { compileRoutes } from '#src/route/compile-routes.js'
import { type MatchContext, matchRoutes, type RouteMatch } from '#src/route/match-routes.js'
import type { Mail } from '../../src/domain/mail.js'
import type { Condition, Route } from '../../src/domain/route.js'

/** A mail like Sentry's, with whatever a test changes. */
export function makeMail(
  changes: Omit<Partial<Mail>, 'envelope'> & { envelope?: Partial<Mail['envelope']> } = {},
): Mail {
  return {
    id: '01J00000000000000000000000',
    receivedAt: Date.UTC(2025, 5, 6, 12),
    sizeBytes: 2_048,
    subject: '[Sentry] Project 1 Error',
    from: [{ name: 'Sentry', address: 'noreply@sentry.example' }],
    to: [{ name: 'DevOps', address: 'devops@mailtrigger.app' }],
    cc: [{ name: '', address: 'audit@mailtrigger.app' }],
    date: Date.UTC(2025, 5, 6, 12),
    messageId: null,
    headers: { 'x-sentry-project': ['project-1'], 'x-cron-env': ['<SHELL=/bin/sh>', '<HOME=/root>'] },
    text: 'Details\n\n* level = error\n* culprit: app/models.py',
    textSource: 'text',
    html: null,
    attachments: [],
    malformed: null,
    auth: null,
    ...changes,
    envelope: {
      from: 'bounce@sentry.example',
      to: ['devops@mailtrigger.app', 'tim@mailtrigger.app'],
      client: '10.1.2.3',
      helo: 'sentry',
      tls: false,
      user: null,
      ...changes.envelope,
    },
  }
}

export function makeRoute(when: Condition, changes: Partial<Route> = {}): Route {
  return {
    name: 'route',
    enabled: true,
    when,
    steps: [],
    stop: false,
    severity: null,
    event: null,
    labels: {},
    onError: 'send',
    retryMs: [],
    retryWindowMs: null,
    position: { file: 'routes.yaml', line: 1, column: 1 },
    ...changes,
  }
}

export function makeContext(changes: Partial<MatchContext> = {}): MatchContext {
  return {
    now: Date.UTC(2025, 5, 6, 12),
    judgeByLlm: null,
    judgeByWasm: () => Promise.reject(new TypeError('no module is expected to be asked')),
    signal: new AbortController().signal,
    measure: () => 0,
    ...changes,
  }
}

export function match(routes: Route[], mail: Mail, changes: Partial<MatchContext> = {}): Promise<RouteMatch[]> {
  return matchRoutes(compileRoutes(routes), mail, makeContext(changes))
}

/** What one condition makes of a mail. */
export async function judge(when: Condition, mail: Mail, changes: Partial<MatchContext> = {}): Promise<RouteMatch> {
  const [only] = await match([makeRoute(when)], mail, changes)
  return only!
}

type TextCondition = Extract<Condition, { kind: 'text' }>

export function text(
  field: TextCondition['field'] | 'subject' | 'body' | 'html' | 'from' | 'to' | 'rcpt' | 'sender' | 'user',
  operator: TextCondition['operator'],
  values: string | string[],
  caseSensitive = operator === 'matches',
): TextCondition {
  return {
    kind: 'text',
    field: typeof field === 'string' ? { type: field } : field,
    operator,
    values: [values].flat(),
    caseSensitive,
    position: null,
  }
}

export function address(type: 'from' | 'to' | 'rcpt' | 'sender', ...globs: string[]): Condition {
  return { kind: 'address', field: { type }, globs, position: null }
}

export function llm(prompt: string, onError: 'match' | 'no_match' | 'retry' = 'match'): Condition {
  return { kind: 'llm', prompt, fields: ['subject'], onError, position: null }
}

export function wasm(module: string, onError: 'match' | 'no_match' = 'match'): Condition {
  return { kind: 'wasm', module, onError, position: null }
}

export const all = (...of: Condition[]): Condition => ({ kind: 'all', of, position: null })
export const any = (...of: Condition[]): Condition => ({ kind: 'any', of, position: null })
export const not = (of: Condition): Condition => ({ kind: 'not', of, position: null })
