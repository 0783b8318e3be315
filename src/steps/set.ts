import { readSeverity } from '../domain/message.js'
import { renderText } from './render-text.js'
import { type Draft, passed, passedWithWarning, type StepRunner } from './step.js'

/** Sets title, text, severity, event, fingerprint and labels of what goes out, from templates. */
export const set: StepRunner<'set'> = async (step, draft) => {
  const rendered: Record<string, string> = {}
  for (const key of ['title', 'text', 'severity', 'event', 'fingerprint'] as const) {
    const template = step[key]
    if (template !== null) rendered[key] = (await renderText(template, draft)).trim()
  }
  const labels: Record<string, string> = {}
  for (const [name, template] of Object.entries(step.labels)) {
    labels[name] = (await renderText(template, draft)).trim()
  }
  const next = apply(draft, rendered, labels)
  const facts = { ...rendered, ...(Object.keys(labels).length > 0 ? { labels } : {}) }
  const detail = Object.entries(rendered)
    .map(([key, value]) => `${key}: ${value.length > 80 ? `${value.slice(0, 79)}…` : value}`)
    .concat(Object.entries(labels).map(([name, value]) => `${name}=${value}`))
    .join(' · ')
  if (rendered.severity && !readSeverity(rendered.severity)) {
    const known = 'critical, error, warning, info, resolved'
    return passedWithWarning(next, null, `"${rendered.severity}" is no severity (${known}); ${detail}`, facts)
  }
  return passed(next, null, detail, facts)
}

/** An empty title would make a message nobody can tell apart, so it does not replace the one there is. */
function apply(draft: Draft, rendered: Record<string, string>, labels: Record<string, string>): Draft {
  const { message } = draft
  return {
    ...draft,
    event: rendered.event ?? draft.event,
    fingerprint: rendered.fingerprint || draft.fingerprint,
    message: {
      ...message,
      title: rendered.title || message.title,
      text: rendered.text ?? message.text,
      severity: (rendered.severity && readSeverity(rendered.severity)) || message.severity,
      labels: { ...message.labels, ...labels },
    },
  }
}
