import type { Context } from 'hono'
import { mayActAs } from '../../../domain/identity.js'
import type { ConsoleEnv } from '../console-env.js'
import { Card } from '../elements/card.js'
import { TextArea, TextField } from '../elements/field.js'
import { Icon } from '../elements/icon.js'
import type { EnteredSilence } from '../read-silence.js'

export interface RefusedSilence {
  text: string
  hint: string | null
}

/** With what was entered before, when it could not be taken. */
export function SilenceForm({
  c,
  entered,
  refused,
}: {
  c: Context<ConsoleEnv>
  entered: EnteredSilence
  refused: RefusedSilence | null
}) {
  if (!mayActAs(c.get('identity'), 'operator')) {
    return (
      <Card title="New silence" id="new">
        <p class="dim">Whoever has the role operator may silence what is noisy.</p>
      </Card>
    )
  }
  return (
    <Card title="New silence" id="new">
      <p class="dim">
        All that is given has to match; <code>*</code> stands for any text. What matches is kept and shown, and not
        sent.
      </p>
      {refused ? (
        <p class="note bad" role="alert">
          <Icon name="warning" /> {refused.text} {refused.hint}
        </p>
      ) : null}
      <form method="post" action="/silences">
        <div class="form-columns">
          <TextArea name="routes" label="Routes" rows={3} value={entered.routes} hint="One a line, such as Sentry*" />
          <TextArea name="channels" label="Channels" rows={3} value={entered.channels} hint="One a line; none: all" />
          <TextArea name="labels" label="Labels" rows={3} value={entered.labels} hint="One a line, such as host=db*" />
        </div>
        <div class="form-columns">
          <TextField name="for" label="For" value={entered.for} placeholder="2h" hint="30m, 2h, 7d; or an end" />
          <TextField name="ends" label="Until (UTC)" type="datetime-local" value={entered.ends} />
          <TextField name="starts" label="From (UTC)" type="datetime-local" value={entered.starts} hint="Empty: now" />
        </div>
        <TextField name="comment" label="Comment" value={entered.comment} placeholder="why, for the others" />
        <button type="submit" class="button primary">
          <Icon name="muted" /> Silence
        </button>
      </form>
    </Card>
  )
}
