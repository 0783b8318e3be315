import type { Severity } from '../../../domain/message.js'
import { Badge, type Tone } from './badge.js'
import type { IconName } from './icon.js'

const looks: Record<Severity, { tone: Tone; icon: IconName }> = {
  critical: { tone: 'bad', icon: 'warning' },
  error: { tone: 'bad', icon: 'cross' },
  warning: { tone: 'warn', icon: 'warning' },
  info: { tone: 'quiet', icon: 'dot' },
  resolved: { tone: 'good', icon: 'check' },
}

export function SeverityBadge({ severity }: { severity: Severity }) {
  const { tone, icon } = looks[severity]
  return (
    <Badge tone={tone} icon={icon}>
      {severity}
    </Badge>
  )
}
