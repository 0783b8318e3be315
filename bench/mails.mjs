/**
 * @typedef {object} BenchMail
 * @property {string} name
 * @property {Buffer} head up to the place of the id, in the subject
 * @property {Buffer} tail from there to the last line end
 */

/** What the sink looks for in a delivered document: run, then number. */
export const idPattern = /bench-([0-9a-z]+)-(\d{7})/

/** @param {string} run @param {number} number */
export const formatId = (run, number) => `bench-${run}-${String(number).padStart(7, '0')}`

/** A plain text alert of 2 KB. @returns {BenchMail} */
export function textMail() {
  const headers = ['MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit']
  return composeMail('text 2 KB', headers, alertText(1_650))
}

/** A text part, an HTML part and an attachment, 20 KB together. @returns {BenchMail} */
export function multipartMail() {
  const attachment = Buffer.from(alertText(5_000)).toString('base64').replace(/.{76}/g, '$&\r\n')
  const html = `<html><body><table>${'<tr><td>latency_ms</td><td>250</td></tr>\r\n'.repeat(140)}</table></body></html>`
  const body = [
    '--outer',
    'Content-Type: multipart/alternative; boundary="inner"',
    '',
    '--inner',
    'Content-Type: text/plain; charset=utf-8',
    '',
    alertText(6_000),
    '--inner',
    'Content-Type: text/html; charset=utf-8',
    '',
    html,
    '--inner--',
    '--outer',
    'Content-Type: text/plain; name="alert.log"',
    'Content-Disposition: attachment; filename="alert.log"',
    'Content-Transfer-Encoding: base64',
    '',
    attachment,
    '--outer--',
    '',
  ].join('\r\n')
  return composeMail('multipart 20 KB', ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary="outer"'], body)
}

/** The mail's bytes as they are stored. @param {BenchMail} mail @param {string} id */
export function rawBytes(mail, id) {
  return new Uint8Array(Buffer.concat([mail.head, Buffer.from(id), mail.tail]))
}

/** The mail's bytes as DATA wants them. No line of ours begins with a dot, so none has to be doubled. */
export function dataBytes(/** @type {BenchMail} */ mail, /** @type {string} */ id) {
  return Buffer.concat([mail.head, Buffer.from(id), mail.tail, finalDot])
}

const finalDot = Buffer.from('.\r\n')

function composeMail(/** @type {string} */ name, /** @type {string[]} */ headers, /** @type {string} */ body) {
  const before = [
    'Received: from web-3.example.test (web-3.example.test [192.0.2.7]) by relay.example.test; Sat, 21 Nov 2026 10:00:00 +0000',
    'Date: Sat, 21 Nov 2026 10:00:00 +0000',
    'From: Checkout alerts <alerts@svc.example.test>',
    'To: ops@gw.example.test',
    'X-Project: checkout',
    ...headers,
    'Subject: [Checkout] error rate is high ',
  ].join('\r\n')
  return { name, head: Buffer.from(before), tail: Buffer.from(`\r\n\r\n${body}\r\n`) }
}

/** @param {number} length */
function alertText(length) {
  let text = 'level = error\r\nThe error rate of the checkout is above its limit.\r\n\r\n'
  for (let line = 0; text.length < length; line++) {
    text += `at 10:${String(line % 60).padStart(2, '0')} request_${line * 7919} host=web-${line % 9} latency_ms=${line * 31} status=500\r\n`
  }
  return text
}
