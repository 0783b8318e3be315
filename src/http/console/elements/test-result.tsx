import type { ChannelTest } from '../../../engine/test-channel.js'
import { Badge } from './badge.js'

/** What came of a test message: the vendor's own words, whether trying again helps, and what to do next. */
export function TestResult({ test, label }: { test: ChannelTest; label: string }) {
  const { ok, permanent, provider } = test
  return (
    <div class="test-result" role="status">
      <p>
        {ok ? (
          <Badge tone="good" icon="check">
            it was taken
          </Badge>
        ) : (
          <Badge tone={permanent ? 'bad' : 'warn'} icon={permanent ? 'cross' : 'warning'}>
            {permanent ? 'refused for good' : 'not now'}
          </Badge>
        )}{' '}
        {label} says:
      </p>
      <blockquote>{provider || 'nothing'}</blockquote>
      <p class="hint">{adviseOnTest(test)}</p>
    </div>
  )
}

/** The next thing to do after a test. */
export function adviseOnTest({ ok, permanent }: ChannelTest): string {
  if (ok) return 'Look whether it arrived: some vendors take what they never deliver.'
  if (permanent)
    return 'The same will be refused again: check the secrets and the address; the guide says where they come from.'
  return 'It may pass by itself: check that the server can reach the vendor, and try again in a minute.'
}
