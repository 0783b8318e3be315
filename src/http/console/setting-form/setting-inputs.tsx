import type { Child } from 'hono/jsx'
import { Checkbox, Select, TextArea, TextField } from '../elements/field.js'
import type { Entered, FieldProblems } from './entered-settings.js'
import type { SettingField } from './setting-fields.js'

interface InputsProps {
  fields: readonly SettingField[]
  entered: Entered
  problems: FieldProblems
  /** Secrets that are set, by their paths: an empty field keeps them. */
  kept: readonly string[]
}

/** Before the name of a setting in a form, so that no setting is taken for a field of the form itself. */
export const settingPrefix = 'setting.'
export const forgetPrefix = 'forget.'

/** The fields of settings. What is secret is never in them: one enters it, and it is not shown again. */
export function SettingInputs({ fields, ...given }: InputsProps) {
  return (
    <>
      {fields.map((field) => (
        <SettingInput field={field} {...given} />
      ))}
    </>
  )
}

function SettingInput({ field, entered, problems, kept }: Omit<InputsProps, 'fields'> & { field: SettingField }) {
  const { path, label, form, isSecret, isNeeded, fallback } = field
  const isKept = isSecret && kept.includes(path)
  const shared = {
    name: `${settingPrefix}${path}`,
    label,
    error: problems[path] ?? null,
    hint: <FieldHint field={field} isKept={isKept} />,
    required: isNeeded && !isKept,
    value: isSecret ? null : (entered[path] ?? null),
    ...(isKept ? { placeholder: '•••' } : fallback === null ? {} : { placeholder: fallback }),
  }
  if (form === 'switch') return <Checkbox {...shared} value={entered[path] ?? fallback} />
  if (form === 'choice') return <Select {...shared} options={optionsOf(field)} />
  if (form === 'number') return <TextField {...shared} type="number" />
  if (form === 'text')
    return (
      <SecretFrame
        path={path}
        isKept={isKept && !isNeeded}
        input={<TextField {...shared} type={isSecret ? 'password' : 'text'} />}
      />
    )
  const rows = form === 'lines' ? 3 : 5
  return (
    <SecretFrame
      path={path}
      isKept={isKept && !isNeeded}
      input={<TextArea {...shared} rows={rows} isVeiled={isSecret} />}
    />
  )
}

/** A secret that is set, and need not be, can be taken out. */
function SecretFrame({ path, isKept, input }: { path: string; isKept: boolean; input: Child }) {
  if (!isKept) return <>{input}</>
  return (
    <>
      {input}
      <Checkbox name={`${forgetPrefix}${path}`} label="Take it out" />
    </>
  )
}

function FieldHint({ field: { hint, form, isSecret }, isKept }: { field: SettingField; isKept: boolean }) {
  const how = { lines: 'One a line.', pairs: 'Name: value, one pair a line.' }
  const word = form in how ? how[form as keyof typeof how] : null
  const secret = isKept
    ? 'It is set and never shown; leave this empty to keep it.'
    : isSecret
      ? 'It is kept sealed and never shown again.'
      : null
  return (
    <>
      {hint ? withCode(hint) : null} {word} {secret}
    </>
  )
}

/** What stands between backticks is said as it is written. */
export function withCode(text: string): Child {
  return text.split('`').map((part, index) => (index % 2 === 1 ? <code>{part}</code> : part))
}

function optionsOf({ choices, fallback, isNeeded }: SettingField): { value: string; label: string }[] {
  const said: Record<string, string> = { true: 'yes', false: 'no' }
  const empty = { value: '', label: fallback === null ? '—' : `${fallback} (if nothing is chosen)` }
  return [...(isNeeded ? [] : [empty]), ...choices.map((value) => ({ value, label: said[value] ?? value }))]
}
