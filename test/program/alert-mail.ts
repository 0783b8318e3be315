import MailComposer from 'nodemailer/lib/mail-composer'

export const alertTitle = 'Disk full on db1 磁盘已满'

/** A mail of a monitoring service: HTML alone, with all that HTML mails are made of, and two files. */
export function composeAlert(size: { htmlBytes: number; fileBytes: number }): Promise<Buffer> {
  return new MailComposer({
    from: 'Monitoring <monitoring@db1.example>',
    to: 'on-call@mailtrigger.app',
    subject: alertTitle,
    date: new Date(Date.UTC(2026, 7, 1, 12, 0)),
    messageId: '<alert-1@db1.example>',
    html: alertHtml(size.htmlBytes),
    attachments: [
      { filename: 'report "weekly".pdf', contentType: 'application/pdf', content: fill('%PDF-1.7\n', size.fileBytes) },
      { filename: '图表.png', contentType: 'image/png', content: fill('\x89PNG\r\n\x1a\n', size.fileBytes) },
    ],
  })
    .compile()
    .build()
}

function alertHtml(bytes: number): string {
  const head = `<html><body><h1>Disk full on <em>db1</em> 💾</h1>
<p>Only <b>3&nbsp;%</b> left on <code>/var</code>. 磁盘空间不足，请尽快处理。</p>
<p dir="rtl">القرص ممتلئ على الخادم db1</p>
<ul><li>Grew by 12 GB since yesterday</li><li>Full in <i>about two hours</i></li></ul>
<blockquote>df: /var: no space left &lt;soon&gt; &amp; nobody looked *yet*_</blockquote>
<p><a href="https://grafana.example/d/disk?host=db1&amp;range=24h">Open the dashboard</a></p>
<table><tr><th>Folder</th><th>Size</th></tr><tr><td>/var/log</td><td>41 GB</td></tr>`
  const tail = '</table></body></html>'
  const rows: string[] = []
  for (let size = Buffer.byteLength(head + tail); size < bytes; size += Buffer.byteLength(rows.at(-1) ?? '')) {
    const number = rows.length + 1
    const link = `<a href="https://grafana.example/f/${number}">第 ${number} 个 | مجلد</a>`
    rows.push(`<tr><td>/var/spool/${number} ${link}</td><td>${number} MB 📁</td></tr>\n`)
  }
  return head + rows.join('') + tail
}

/** Bytes that no text survives: each of the 256 in turn. */
function fill(start: string, sizeBytes: number): Buffer {
  const head = Buffer.from(start, 'latin1')
  return Buffer.concat([
    head,
    Buffer.from(Array.from({ length: Math.max(0, sizeBytes - head.length) }, (_, i) => i % 256)),
  ])
}
