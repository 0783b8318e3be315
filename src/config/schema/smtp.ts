import { z } from 'zod'
import { cidr, dnsServer, listenAddress, oneOrMore, path, rate, size, waitDuration } from './values.js'

const addressGlob = z.string().min(1).max(320)
const narrowCidr = cidr.refine((range) => !range.endsWith('/0'), 'with all addresses, anybody could say who they are')

const tls = z
  .strictObject({
    cert: path.optional().describe('PEM file of the certificate and its chain.'),
    key: path.optional().describe('PEM file of the private key.'),
    min_version: z.enum(['1.2', '1.3']).optional().describe('The oldest TLS that is spoken. Default 1.2.'),
    client_ca: path
      .optional()
      .describe('PEM file of the authorities whose client certificates log in the users that name one.'),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    error: '"cert" and "key" come together, or not at all',
  })

const limits = {
  connections: z.int().min(1).max(100_000).optional().describe('Connections at a time.'),
  rate: rate.optional().describe('Mails in a time, such as 60/1m; what is above hears 451 and comes again.'),
  per_day: z
    .int()
    .min(1)
    .max(100_000_000)
    .optional()
    .describe('Mails in a day of UTC; when they are spent, otherwise.send is told.'),
}

const user = z
  .strictObject({
    name: z.string().min(1).max(255).describe('The AUTH name.'),
    password: z
      .string()
      .min(1)
      .max(1_024)
      .optional()
      .describe(`The password; best from "\${VAR}" or "\${file:…}". Left out, a certificate is the only way in.`),
    certificate: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('The name in the client certificate that stands for the user; needs tls.client_ca.'),
    senders: z
      .array(addressGlob)
      .min(1)
      .max(1_000)
      .optional()
      .describe('What the user may write after MAIL FROM, with * globs; "<>" is the null sender. Default: any.'),
    recipients: z
      .array(addressGlob)
      .min(1)
      .max(1_000)
      .optional()
      .describe('Whom the user may write to, with * globs, among the recipients of the server. Default: all of them.'),
    limits: z.strictObject(limits).optional().describe('In place of user_limits.'),
  })
  .refine(({ password, certificate }) => password !== undefined || certificate !== undefined, {
    error: 'a user needs a password, or a certificate',
  })

const senderAuth = z.strictObject({
  policy: z
    .enum(['none', 'quarantine', 'reject'])
    .optional()
    .describe('What is done with a mail from outside that fails: nothing, hold it for a person, or refuse it.'),
  resolvers: z
    .array(dnsServer)
    .max(10)
    .optional()
    .describe('DNS servers, address:port. Default: those of the machine.'),
  timeout: waitDuration.optional().describe('How long all questions about one mail may take. Default 5s.'),
})

/** `server.smtp`. */
export const smtp = z.strictObject({
  listen: oneOrMore(listenAddress)
    .optional()
    .describe('Where SMTP listens, host:port; a list is allowed. Default 127.0.0.1:2525.'),
  tls: tls
    .optional()
    .describe('For STARTTLS and implicit TLS. Without a certificate a self-signed pair is made in the data folder.'),
  implicit_tls: oneOrMore(listenAddress)
    .optional()
    .describe('Where SMTP listens with TLS from the first byte, host:port.'),
  allow: z.array(cidr).max(1_000).optional().describe('Address ranges that may send without AUTH. Default: loopback.'),
  insecure_auth: z
    .boolean()
    .optional()
    .describe('Take passwords without TLS from anybody, for devices that know no TLS. Default false.'),
  users: z.array(user).max(10_000).optional().describe('Who may log in with AUTH PLAIN or LOGIN, or a certificate.'),
  recipients: z
    .array(addressGlob)
    .max(10_000)
    .optional()
    .describe('Envelope recipients that are accepted, with * globs; others hear 550. Default: any, on loopback only.'),
  max_size: size.optional().describe('The largest mail accepted. Default 25MB.'),
  max_connections: z.int().min(1).max(100_000).optional().describe('Connections at a time. Default 500.'),
  max_recipients: z.int().min(1).max(10_000).optional().describe('Recipients of one mail. Default 100.'),
  client_limits: z
    .strictObject(limits)
    .optional()
    .describe(
      'For each client outside "allow", or in it by /0 alone, that did not log in; by its address. Default: 50 connections.',
    ),
  user_limits: z.strictObject(limits).optional().describe('For each user. Default: none.'),
  proxy_protocol: z
    .array(narrowCidr)
    .max(100)
    .optional()
    .describe('Address ranges of proxies that begin with a PROXY line (v1 or v2), which is believed. Default: none.'),
  xclient: z
    .array(narrowCidr)
    .max(100)
    .optional()
    .describe('Address ranges of mail servers whose XCLIENT is believed. Default: none.'),
  sender_auth: senderAuth
    .optional()
    .describe('Check SPF, DKIM and DMARC, for conditions on "auth" and for the policy. Without it nothing asks DNS.'),
})
