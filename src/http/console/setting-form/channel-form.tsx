import type { Context } from 'hono'
import { mayActAs } from '../../../domain/identity.js'
import type { ConsoleEnv } from '../console-env.js'
import { Fold } from '../elements/card.js'
import { TextField } from '../elements/field.js'
import { Icon } from '../elements/icon.js'
import { TestResult } from '../elements/test-result.js'
import { SettingInputs } from './setting-inputs.js'
import type { ChannelFormState } from './take-channel-form.js'

interface ChannelFormProps {
  c: Context<ConsoleEnv>
  state: ChannelFormState
  /** Where it is sent: back to its own page. */
  action: string
  isNew: boolean
  /** Where one goes who would rather not. */
  back: string
}

/**
 * Settings of a channel, to be tested and saved. Where scripts run the answer is merged into the form, so that secrets
 * that were typed stay in their fields; without them they are typed again.
 */
export function ChannelForm({ c, state, action, isNew, back }: ChannelFormProps) {
  const { own, limits, entered, problems, kept, kind } = state
  const isRare = ({ path, isNeeded }: { path: string; isNeeded: boolean }): boolean => path === 'base_url' && !isNeeded
  const shown = { entered, problems, kept }
  const folded = [...own.filter(isRare), ...limits]
  const isOpen = folded.some(({ path }) => path in problems || (entered[path] ?? '') !== '')
  return (
    <form
      method="post"
      action={action}
      id="channel-form"
      hx-post={action}
      hx-target="#channel-form"
      hx-select="#channel-form"
      hx-swap="outerMorph"
    >
      <FormProblems state={state} />
      {isNew ? (
        <TextField
          name="name"
          label="Name of the channel"
          value={state.name}
          error={state.nameProblem}
          required
          hint="Routes and people name it so: letters, digits, spaces, dots, hyphens and underscores."
        />
      ) : null}
      <SettingInputs fields={own.filter((field) => !isRare(field))} {...shown} />
      <Fold title="Limits, retries, wording" isOpen={isOpen}>
        <SettingInputs fields={folded} {...shown} />
      </Fold>
      <fieldset class="test">
        <legend>Test before you save</legend>
        <TextField
          name="to"
          label="Send the test to"
          value={kind.has_secret_addresses ? null : state.to}
          error={state.toProblem}
          hint={describeTarget(kind.address_hint)}
        />
        {state.test === null ? null : <TestResult test={state.test} label={kind.label} />}
        <SubmitButton c={c} needs="operator" value="test" label="Send a test" icon="send" />
      </fieldset>
      <div class="actions">
        <SubmitButton c={c} needs="admin" value="save" label={isNew ? 'Make the channel' : 'Save'} icon="check" />
        <a class="button" href={back}>
          Cancel
        </a>
      </div>
    </form>
  )
}

/** @param addressHint how an address of a person looks; null where people have none */
function describeTarget(addressHint: string | null): string {
  if (addressHint === null) return 'A person’s mail address; a channel with a place of its own needs nobody.'
  return `A person’s mail address, or ${addressHint}. Empty when the channel has a place of its own.`
}

function FormProblems({ state }: { state: ChannelFormState }) {
  const { others, problems, nameProblem, toProblem } = state
  const count = [...Object.values(problems), nameProblem, toProblem].filter((problem) => problem !== null).length
  if (others.length === 0 && count === 0) return null
  return (
    <div class="flash failed" role="alert" tabindex={-1} {...(count === 0 ? { autofocus: true } : {})}>
      <Icon name="warning" />
      <div>
        {others.map((text) => (
          <p>{text}</p>
        ))}
        {count > 0 ? <p>{count === 1 ? 'One field has to be mended.' : `${count} fields have to be mended.`}</p> : null}
        <p class="hint">Nothing was saved. Secrets that are not in their fields any more are to be typed again.</p>
      </div>
    </div>
  )
}

function SubmitButton({
  c,
  needs,
  value,
  label,
  icon,
}: {
  c: Context<ConsoleEnv>
  needs: 'operator' | 'admin'
  value: 'test' | 'save'
  label: string
  icon: 'send' | 'check'
}) {
  const isAllowed = mayActAs(c.get('identity'), needs)
  return (
    <button
      type="submit"
      name="do"
      value={value}
      class={value === 'save' ? 'button primary' : 'button'}
      formnovalidate={value === 'test'}
      disabled={!isAllowed}
      title={isAllowed ? undefined : `takes the role ${needs}`}
    >
      <Icon name={icon} />
      {label}
    </button>
  )
}
