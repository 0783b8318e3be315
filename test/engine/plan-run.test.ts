import { describe, expect, test } from 'vitest'
import type { JobNotification, JobSettings } from '#src/domain/job.js'
import type { NotifyRule } from '#src/domain/monitor.js'
import { noControl } from '#src/domain/notification.js'
import { planRun } from '#src/engine/plan-run.js'
import type { RunSummary } from '#src/jobs/run-job.js'
import { makeConfig, now } from '../steps/step-fixture.js'

const job: JobSettings = {
  name: 'watch',
  origin: 'config',
  module: '/nowhere/watch.wasm',
  config: {},
  schedule: '* * * * *',
  timezone: 'UTC',
  database: null,
  send: ['telegram'],
  allowHosts: [],
  timeoutMs: 1_000,
  notify: { onFailure: ['ops'], onSuccess: [], onCompletion: [] },
  position: null,
}

function makeSummary(changes: Partial<RunSummary> = {}): RunSummary {
  return { job, runId: 'r1', outcome: 'success', error: null, logs: [], report: null, at: now, ...changes }
}

function makeRule(changes: Partial<NotifyRule>): NotifyRule {
  return {
    id: 'x',
    subject: 'job',
    name: 'watch',
    event: 'on_success',
    channels: ['desk'],
    createdBy: 'cli:root',
    createdAt: now,
    ...changes,
  }
}

const channelsOf = (summary: RunSummary, rules: NotifyRule[]): string[] =>
  planRun(summary, makeConfig(), rules).notifications.flatMap(({ deliveries }) => deliveries.map((one) => one.channel))

describe('how a run ended', () => {
  const failure = makeSummary({ outcome: 'failure', error: 'it trapped' })
  test.each<[string, RunSummary, Partial<NotifyRule>[], string[]]>([
    ['is told by the job itself', failure, [], ['ops']],
    ['is told by a rule, too', failure, [{ event: 'on_failure' }], ['ops', 'desk']],
    ['is told once to each channel', failure, [{ event: 'on_failure', channels: ['ops', 'desk'] }], ['ops', 'desk']],
    ['is told by a rule for all jobs', makeSummary(), [{ name: '*' }], ['desk']],
    ['is told however it ended', makeSummary(), [{ event: 'on_completion' }], ['desk']],
    [
      'is a failure when it was interrupted',
      makeSummary({ outcome: 'interrupted' }),
      [{ event: 'on_failure' }],
      ['ops', 'desk'],
    ],
    ['is not told by rules of others', makeSummary(), [{ name: 'other' }, { subject: 'monitor' }], []],
    ['is not told by rules of the other end', makeSummary(), [{ event: 'on_failure' }, { event: 'on_recovery' }], []],
  ])('%s', (_name, summary, rules, channels) => {
    expect(channelsOf(summary, rules.map(makeRule))).toEqual(channels)
  })

  test('is told to otherwise.send when the channel of a rule is gone', () => {
    const plan = planRun(makeSummary(), makeConfig(), [makeRule({ channels: ['gone'] })])
    expect(plan.notifications[0]).toMatchObject({
      control: noControl,
      flagged: 'nobody is named to be reached on gone',
      deliveries: [{ channel: 'ops', purpose: 'alert', afterMs: 0, retryMs: [60_000], retryWindowMs: 86_400_000 }],
    })
  })
})

test('what a run raised goes to whom it names, by the ladder of the channel or the config', () => {
  const raised: JobNotification = {
    to: ['tim@y.example', 'boss@y.example'],
    title: 'nginx is down',
    text: 'since noon',
    severity: 'error',
    fingerprint: 'nginx',
    channel: null,
  }
  const report = { notifications: [raised], rows_changed: 1 }
  const plan = planRun(makeSummary({ report: report as RunSummary['report'] }), makeConfig(), [])
  expect(plan.notifications).toMatchObject([{ fingerprint: 'nginx', route: 'job watch', control: noControl }])
  expect(plan.notifications[0]?.deliveries.map(({ channel, recipient }) => `${channel} ${recipient}`)).toEqual([
    'telegram tim@y.example',
    'ops null',
  ])
  expect(plan.unreached).toEqual(['“nginx is down”: boss@y.example cannot be reached on telegram'])
})
