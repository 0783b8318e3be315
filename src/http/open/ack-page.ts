import { html, raw } from 'hono/html'
import type { Severity } from '../../domain/message.js'

/** What a person sees who follows the link of a message. Everything is text: the page escapes it. */
export interface AckPage {
  headline: string
  words: string
  alert: { title: string; severity: Severity; route: string; at: string; state: string } | null
  /** A field for a note, and the button that acknowledges. */
  offersForm: boolean
}

const noteLengthMax = 1_000

/** One page without scripts and without anything that is loaded. It posts to its own address. */
export function printAckPage({ headline, words, alert, offersForm }: AckPage) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${headline} · MailTrigger</title>
${printStyle()}
</head>
<body>
<main>
<h1>${headline}</h1>
${alert === null ? '' : printAlert(alert)}
${words === '' ? '' : html`<p class="words">${words}</p>`}
${offersForm ? printForm() : ''}
</main>
<footer>MailTrigger</footer>
</body>
</html>
`
}

function printAlert({ title, severity, route, at, state }: NonNullable<AckPage['alert']>) {
  return html`<section class="alert ${severity}">
<p class="severity">${severity}</p>
<p class="title">${title}</p>
<dl>
<div><dt>When</dt><dd>${at}</dd></div>
<div><dt>Route</dt><dd>${route}</dd></div>
<div><dt>State</dt><dd>${state}</dd></div>
</dl>
</section>`
}

function printForm() {
  return html`<form method="post">
<label for="note">Note <span>(if you like)</span></label>
<textarea id="note" name="note" rows="3" maxlength="${noteLengthMax}" placeholder="I am looking at it"></textarea>
<button type="submit">Acknowledge</button>
</form>`
}

/** The policy of the page names the digest of this text, so that it is the only style there can be. */
export const ackPageStyle = `
:root { color-scheme: light dark; --page: #f4f5f7; --card: #ffffff; --ink: #1b1f24; --soft: #5b6470; --line: #d7dbe0;
  --accent: #0b5cad; --on-accent: #ffffff; --critical: #a3123a; --error: #b3261e; --warning: #8a5200; --info: #0b5cad;
  --resolved: #19692c }
@media (prefers-color-scheme: dark) {
  :root { --page: #111418; --card: #1b2027; --ink: #e8eaed; --soft: #a3acb8; --line: #353c46; --accent: #8ab8f5;
    --on-accent: #0c1a2b; --critical: #ff8fa9; --error: #ff9d94; --warning: #f2bd6b; --info: #8ab8f5; --resolved: #86d698 }
}
* { box-sizing: border-box; margin: 0 }
body { background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; padding: 1.25rem;
  min-height: 100vh; display: flex; flex-direction: column; align-items: center; justify-content: center }
main { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.5rem; width: 100%;
  max-width: 34rem }
h1 { font-size: 1.375rem; line-height: 1.25; text-wrap: balance }
.alert { border-left: 4px solid var(--tone, var(--line)); padding: 0.125rem 0 0.125rem 0.875rem; margin-top: 1.25rem }
.critical { --tone: var(--critical) } .error { --tone: var(--error) } .warning { --tone: var(--warning) }
.info { --tone: var(--info) } .resolved { --tone: var(--resolved) }
.severity { color: var(--tone); font-size: 0.8125rem; font-weight: 700; text-transform: uppercase; letter-spacing: 0.05em }
.title { font-size: 1.125rem; font-weight: 600; line-height: 1.35; overflow-wrap: anywhere; white-space: pre-wrap }
dl { margin-top: 0.75rem; color: var(--soft); font-size: 0.9375rem }
dl div { display: flex; gap: 0.75rem } dt { flex: 0 0 3.25rem } dd { overflow-wrap: anywhere; color: var(--ink) }
.words { margin-top: 1.25rem; color: var(--soft); overflow-wrap: anywhere; white-space: pre-wrap }
form { margin-top: 1.25rem; display: grid; gap: 0.5rem }
label { font-weight: 600 } label span { font-weight: 400; color: var(--soft) }
textarea { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--soft); border-radius: 8px;
  padding: 0.625rem 0.75rem; width: 100%; resize: vertical }
button { font: inherit; font-weight: 600; color: var(--on-accent); background: var(--accent); border: 0;
  border-radius: 8px; padding: 0.75rem 1rem; min-height: 3rem; margin-top: 0.5rem; cursor: pointer }
button:hover { filter: brightness(1.08) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
footer { color: var(--soft); font-size: 0.8125rem; margin-top: 1rem }
`

/** Put in unescaped: the digest is of the text as it is, and the text is ours. */
function printStyle() {
  return raw(`<style>${ackPageStyle}</style>`)
}
