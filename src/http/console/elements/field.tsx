import type { Child } from 'hono/jsx'

interface FieldProps {
  name: string
  /** Told apart from others of the same name on the page; made of the name when nothing is said. */
  id?: string
  label: string
  /** How it is to be written, under the field. */
  hint?: Child
  /** What is wrong with what was entered. */
  error?: string | null
  value?: string | null
  required?: boolean
  placeholder?: string
}

/** A line of text with its label; `type` as in HTML. */
export function TextField({
  type = 'text',
  ...field
}: FieldProps & { type?: 'text' | 'password' | 'number' | 'search' | 'email' | 'datetime-local' }) {
  return (
    <FieldFrame {...field}>
      <input
        type={type}
        id={idOf(field)}
        name={field.name}
        value={type === 'password' ? undefined : (field.value ?? undefined)}
        required={field.required}
        placeholder={field.placeholder}
        autocomplete={type === 'password' ? 'new-password' : 'off'}
        {...describedBy(field)}
      />
    </FieldFrame>
  )
}

/** `isVeiled` hides what is typed, where the browser can: for secrets of several lines. */
export function TextArea({ rows = 6, isVeiled = false, ...field }: FieldProps & { rows?: number; isVeiled?: boolean }) {
  return (
    <FieldFrame {...field}>
      <textarea
        id={idOf(field)}
        name={field.name}
        rows={rows}
        class={isVeiled ? 'veiled' : undefined}
        required={field.required}
        placeholder={field.placeholder}
        spellcheck={false}
        {...describedBy(field)}
      >
        {field.value ?? ''}
      </textarea>
    </FieldFrame>
  )
}

export function Select({ options, ...field }: FieldProps & { options: { value: string; label: string }[] }) {
  return (
    <FieldFrame {...field}>
      <select id={idOf(field)} name={field.name} required={field.required} {...describedBy(field)}>
        {options.map(({ value, label }) => (
          <option value={value} selected={value === (field.value ?? '')}>
            {label}
          </option>
        ))}
      </select>
    </FieldFrame>
  )
}

export function Checkbox({ name, id, label, hint, value }: FieldProps) {
  return (
    <div class="field check">
      <input type="checkbox" id={idOf({ name, id })} name={name} value="true" checked={value === 'true'} />
      <label for={idOf({ name, id })}>{label}</label>
      {hint ? <p class="hint">{hint}</p> : null}
    </div>
  )
}

export function FileField({ accept, ...field }: FieldProps & { accept?: string }) {
  return (
    <FieldFrame {...field}>
      <input
        type="file"
        id={idOf(field)}
        name={field.name}
        accept={accept}
        required={field.required}
        {...describedBy(field)}
      />
    </FieldFrame>
  )
}

function FieldFrame({ name, id, label, hint, error, required, children }: FieldProps & { children?: Child }) {
  return (
    <div class={error ? 'field wrong' : 'field'}>
      <label for={idOf({ name, id })}>
        {label}
        {required ? <span class="dim"> (needed)</span> : null}
      </label>
      {children}
      {error ? (
        <p class="error" id={`error-${idOf({ name, id })}`}>
          {error}
        </p>
      ) : null}
      {hint ? (
        <p class="hint" id={`hint-${idOf({ name, id })}`}>
          {hint}
        </p>
      ) : null}
    </div>
  )
}

function idOf({ name, id }: Pick<FieldProps, 'name' | 'id'>): string {
  return id ?? `field-${name}`
}

function describedBy({ name, id, hint, error }: FieldProps) {
  const ids = [error ? `error-${idOf({ name, id })}` : null, hint ? `hint-${idOf({ name, id })}` : null].filter(
    (id) => id !== null,
  )
  return {
    'aria-describedby': ids.length > 0 ? ids.join(' ') : undefined,
    'aria-invalid': error ? ('true' as const) : undefined,
    // Of several, a browser goes to the first: that is where one goes on.
    autofocus: error ? true : undefined,
  }
}
