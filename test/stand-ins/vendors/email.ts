import { simpleParser } from 'mailparser'
import { startSmtpSink } from '../smtp-sink.js'
import type { OwnVendor } from './vendor.js'

/** A mail server. Its replies are tested with the channel. */
export const email: OwnVendor = {
  kind: 'email',
  address: 'tim@mailtrigger.app',
  async start() {
    const smtp = await startSmtpSink({ extensions: ['PIPELINING', '8BITMIME', 'AUTH PLAIN'] })
    return {
      settings: { host: smtp.host, port: smtp.port, starttls: 'off', user: 'gateway', password: 'CANARY-password' },
      shown: () =>
        Promise.all(
          smtp.mails.map(async ({ raw }) => {
            const mail = await simpleParser(Buffer.from(raw, 'latin1'))
            return [mail.subject, mail.text].join('\n')
          }),
        ),
      changes: {},
      stop: smtp.stop,
    }
  },
}
