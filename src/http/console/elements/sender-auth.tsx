import type { SenderAuth } from '../../../domain/mail.js'
import { authChecks } from '../../../domain/route.js'
import { Icon } from './icon.js'

/** Who sent the mail, as far as that can be proved. */
export function SenderAuthView({ auth }: { auth: SenderAuth }) {
  const isForged = auth.dmarc === 'fail' || (auth.dmarc === 'none' && auth.spf === 'fail')
  return (
    <p class={isForged ? 'note warn' : 'note'}>
      <Icon name={isForged ? 'warning' : 'check'} /> <strong>auth</strong>:{' '}
      {authChecks.map((check, index) => (
        <>
          {index > 0 ? ', ' : ''}
          {check} <strong>{auth[check]}</strong> <span class="dim">({auth.reasons[check]})</span>
        </>
      ))}
    </p>
  )
}
