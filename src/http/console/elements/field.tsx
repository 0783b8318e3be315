import type { Child } from 'hono/jsx'

interface FieldProps {
  name: string
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
        id={`field-${field.name}`}
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
        id={`field-${field.name}`}
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
      <select id={`field-${field.name}`} name={field.name} required={field.required} {...describedBy(field)}>
        {options.map(({ value, label }) => (
          <option value={value} selected={value === (field.value ?? '')}>
            {label}
          </option>
        ))}
      </select>
    </FieldFrame>
  )
}

export function Checkbox({ name, label, hint, value }: FieldProps) {
  return (
    <div class="field check">
      <input type="checkbox" id={`field-${name}`} name={name} value="true" checked={value === 'true'} />
      <label for={`field-${name}`}>{label}</label>
      {hint ? <p class="hint">{hint}</p> : null}
    </div>
  )
}

export function FileField({ accept, ...field }: FieldProps & { accept?: string }) {
  return (
    <FieldFrame {...field}>
      <input
        type="file"
        id={`field-${field.name}`}
        name={field.name}
        accept={accept}
        required={field.required}
        {...describedBy(field)}
      />
    </FieldFrame>
  )
}

function FieldFrame({ name, label, hint, error, required, children }: FieldProps & { children?: Child }) {
  return (
    <div class={error ? 'field wrong' : 'field'}>
      <label for={`field-${name}`}>
        {label}
        {required ? <span class="dim"> (needed)</span> : null}
      </label>
      {children}
      {error ? (
        <p class="error" id={`error-${name}`}>
          {error}
        </p>
      ) : null}
      {hint ? (
        <p class="hint" id={`hint-${name}`}>
          {hint}
        </p>
      ) : null}
    </div>
  )
}

function describedBy({ name, hint, error }: FieldProps) {
  const ids = [error ? `error-${name}` : null, hint ? `hint-${name}` : null].filter((id) => id !== null)
  return {
    'aria-describedby': ids.length > 0 ? ids.join(' ') : undefined,
    'aria-invalid': error ? ('true' as const) : undefined,
  }
}
