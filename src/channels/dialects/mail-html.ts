import type { Outline } from '../outline-message.js'

/** The same order as everywhere, as a plain-text part (RFC 3676 readers wrap it themselves). */
export function renderMailText(outline: Outline): string {
  const links = outline.links.map(({ label, url }) => (label === url ? url : `${label}: ${url}`))
  const attachments = outline.attachments.length > 0 ? [`Attachments: ${outline.attachments.join(', ')}`] : []
  const tail = [...outline.notes.map((note) => `Note: ${note}`), ...attachments, ...links].join('\n')
  return `${[outline.title, outline.text, tail, outline.foot].filter((part) => part !== '').join('\n\n')}\n`
}

/** A small page with inline styles only: mail clients drop style sheets, and nothing in it is fetched from anywhere. */
export function renderMailHtml(outline: Outline): string {
  const links = outline.links.map(
    ({ label, url }) => `<div>🔗 <a href="${escapeHtml(url)}">${escapeHtml(label)}</a></div>`,
  )
  const notes = outline.notes.map((note) => `<div>⚠️ ${escapeHtml(note)}</div>`)
  const attachments =
    outline.attachments.length > 0 ? [`<div>📎 ${escapeHtml(outline.attachments.join(', '))}</div>`] : []
  const tail = [...notes, ...attachments, ...links].join('\n')
  return [
    '<!doctype html>',
    '<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>',
    '<body style="margin:0;padding:16px;font:15px/1.5 system-ui,sans-serif">',
    `<p style="margin:0 0 12px;font-size:17px;font-weight:600">${outline.icon} ${escapeHtml(outline.title)}</p>`,
    `<div style="white-space:pre-wrap;overflow-wrap:anywhere">${escapeHtml(outline.text)}</div>`,
    `<div style="margin-top:12px">${tail}</div>`,
    `<p style="margin:16px 0 0;color:#666;font-size:13px">${escapeHtml(outline.foot)}</p>`,
    '</body></html>',
    '',
  ].join('\n')
}

/** Safe between tags and inside double-quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
