import { describe, expect, test } from 'vitest'
import type { JobNotification, JobSettings } from '#src/domain/job.js'
import type { NotifyRule } from '#src/domain/monitor.js'
import { noControl } from '#src/domain/notification.js'
import { planRun } from '#src/engine/plan-run.js'
import type { RunSummary } from '#src/jobs/run-job.js'
import { listTexts, makeConfig, now, tooMuch, withTemplate } from '../steps/step-fixture.js'

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

const channelsOf = async (summary: RunSummary, rules: NotifyRule[]): Promise<string[]> =>
  (await planRun(summary, makeConfig(), rules)).notifications.flatMap(({ deliveries }) =>
    deliveries.map((one) => one.channel),
  )

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
  ])('%s', async (_name, summary, rules, channels) => {
    expect(await channelsOf(summary, rules.map(makeRule))).toEqual(channels)
  })

  test('is told to otherwise.send when the channel of a rule is gone', async () => {
    const plan = await planRun(makeSummary(), makeConfig(), [makeRule({ channels: ['gone'] })])
    expect(plan.notifications[0]).toMatchObject({
      control: noControl,
      flagged: 'nobody is named to be reached on gone',
      deliveries: [{ channel: 'ops', purpose: 'alert', afterMs: 0, retryMs: [60_000], retryWindowMs: 86_400_000 }],
    })
  })
})

test('what a run raised goes to whom it names, by the ladder of the channel or the config', async () => {
  const raised: JobNotification = {
    to: ['tim@y.example', 'boss@y.example'],
    title: 'nginx is down',
    text: 'since noon',
    severity: 'error',
    fingerprint: 'nginx',
    channel: null,
  }
  const report = { notifications: [raised], rows_changed: 1 }
  const plan = await planRun(makeSummary({ report: report as RunSummary['report'] }), makeConfig(), [])
  expect(plan.notifications).toMatchObject([{ fingerprint: 'nginx', route: 'job watch', control: noControl }])
  expect(plan.notifications[0]?.deliveries.map(({ channel, recipient }) => `${channel} ${recipient}`)).toEqual([
    'telegram tim@y.example',
    'ops null',
  ])
  expect(plan.warnings).toEqual(['“nginx is down”: boss@y.example cannot be reached on telegram'])
})

describe('on a channel with a template', () => {
  const raised: JobNotification = {
    to: ['tim@y.example', 'jolin@y.example'],
    title: 'nginx is "down"',
    text: 'since noon',
    severity: 'error',
    fingerprint: 'nginx',
    channel: null,
  }
  const report = { notifications: [raised], rows_changed: 1 } as RunSummary['report']

  test('what a run raised, and how it ended, is said by the template', async () => {
    const text = '{{ route }}, {{ severity }}: {{ text | first_line }} ({{ recipients | join: " " }}){{ mail.subject }}'
    const config = withTemplate(makeConfig(), 'telegram', { title: '! {{ title }}', text })
    const own = withTemplate(config, 'ops', { title: '{{ fingerprint }}', text: null })
    const plan = await planRun(makeSummary({ outcome: 'failure', error: 'it trapped', report }), own, [])
    expect(plan.warnings).toEqual([])
    expect(plan.notifications.map(({ message }) => message.title)).toEqual(['nginx is "down"', 'job watch failed'])
    expect(listTexts(plan.notifications)).toEqual([
      '! nginx is "down" | job watch, error: since noon (tim@y.example jolin@y.example)',
      '! nginx is "down" | job watch, error: since noon (tim@y.example jolin@y.example)',
      `job/watch/runs | ${plan.notifications[1]?.message.text}`,
    ])
  })

  test('one that fails loses nothing, flags the notification, and stands in the log of the run', async () => {
    const plan = await planRun(makeSummary({ report }), withTemplate(makeConfig(), 'telegram', tooMuch), [])
    const [notification] = plan.notifications
    expect(listTexts(plan.notifications)).toEqual(Array(2).fill('nginx is "down" | since noon'))
    expect(notification?.flagged).toMatch(/^the template of the channel telegram failed: /)
    expect(notification?.deliveries[0]?.message.notes).toEqual([notification?.flagged])
    expect(plan.warnings).toEqual([`“nginx is "down"”: ${notification?.flagged}`])
  })
})
