/** A line of text with its label, where the same field stands on a page more than once: `id` tells them apart. */
export function InlineField({
  id,
  name,
  label,
  placeholder,
  lengthMax,
}: {
  id: string
  name: string
  label: string
  placeholder?: string
  lengthMax: number
}) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input type="text" id={id} name={name} maxlength={lengthMax} placeholder={placeholder} autocomplete="off" />
    </div>
  )
}
