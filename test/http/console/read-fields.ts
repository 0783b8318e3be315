import { readText } from './console-fixture.js'

/** What a form would send as it stands: names and values of its fields, by the form's id or its address. */
export function readFields(html: string, form: string): Record<string, string> {
  const forms = [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)]
  const [, , inner = ''] =
    forms.find(([, tag = '']) => tag.includes(`id="${form}"`) || tag.includes(`action="${form}"`)) ?? []
  const fields: Record<string, string> = {}
  for (const [, tag = ''] of inner.matchAll(/<input\b([^>]*)>/g)) {
    const isBox = attribute(tag, 'type') === 'checkbox'
    if (isBox && !/\bchecked\b/.test(tag)) continue
    fields[attribute(tag, 'name')] = attribute(tag, 'value')
  }
  for (const [, tag = '', text = ''] of inner.matchAll(/<textarea\b([^>]*)>([\s\S]*?)<\/textarea>/g)) {
    fields[attribute(tag, 'name')] = decode(text)
  }
  for (const [, tag = '', options = ''] of inner.matchAll(/<select\b([^>]*)>([\s\S]*?)<\/select>/g)) {
    const tags = [...options.matchAll(/<option\b([^>]*)>/g)].map(([, option = '']) => option)
    const chosen = tags.find((option) => /\bselected\b/.test(option)) ?? tags[0] ?? ''
    fields[attribute(tag, 'name')] = attribute(chosen, 'value')
  }
  return fields
}

function attribute(tag: string, name: string): string {
  return decode(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(tag)?.[1] ?? '')
}

/** Without touching white space, which means something in a field. */
function decode(text: string): string {
  return text.replace(/&[#\w]+;/g, (entity) => readText(entity))
}
