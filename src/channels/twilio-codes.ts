type Scope = 'message' | 'address' | 'channel'

/**
 * Whose fault a code is, of an answer to a send or of a status that comes later (Twilio, "Error and Warning
 * Dictionary", www.twilio.com/docs/api/errors). Twilio adds finer codes from time to time. A code that is not here counts by its HTTP status, and as `message` in a status.
 */
export const twilioScopeOfCode: ReadonlyMap<number, Scope> = new Map([
  [10001, 'channel'], // The account is not active.
  [20003, 'channel'], // Authentication failed, or the account is suspended or closed.
  [20005, 'channel'], // The account is not active.
  [20404, 'channel'], // There is no such account.
  [21201, 'address'], // No number was called.
  [21210, 'channel'], // The caller's number is not verified.
  [21211, 'address'], // `To` is no phone number.
  [21212, 'channel'], // `From` is no phone number.
  [21214, 'address'], // `To` cannot be reached.
  [21215, 'address'], // Calls to this country are not enabled.
  [21216, 'address'], // Calls to this number are blocked.
  [21217, 'address'], // `To` does not look like a number.
  [21219, 'address'], // A trial account calls verified numbers only.
  [21408, 'address'], // Messages to this region are not enabled.
  [21602, 'message'], // There is no body.
  [21603, 'channel'], // There is no `From`.
  [21606, 'channel'], // `From` cannot send messages.
  [21608, 'address'], // A trial account writes to verified numbers only.
  [21609, 'channel'], // The StatusCallback, which is our public URL, is no valid URL.
  [21610, 'address'], // The recipient has answered STOP.
  [21612, 'address'], // There is no way from `From` to `To`.
  [21614, 'address'], // `To` is no mobile number.
  [21656, 'message'], // The content variables are not valid.
  [21659, 'channel'], // `From` is no number of the account.
  [21703, 'channel'], // The messaging service has no numbers.
  [30002, 'channel'], // The account is suspended.
  [30004, 'address'], // The recipient blocks messages.
  [30005, 'address'], // Nobody has the number.
  [30006, 'address'], // A landline, or a carrier that cannot be reached.
  [30007, 'message'], // A carrier took it for spam.
  [30010, 'channel'], // It would cost more than the account allows.
  [30034, 'channel'], // The number that sends is not registered with the carriers of the USA.
  [63003, 'address'], // The recipient is not on WhatsApp.
  [63007, 'channel'], // `From` is no WhatsApp sender of the account.
  [63024, 'address'], // Meta calls the recipient no valid user, or restricts them.
])

/**
 * What passes. 20429: too many requests at a time, and 63018: the WhatsApp sender's rate; neither was carried out.
 * 30001: too many wait; 30003: the phone is off; 30008: the carrier says no reason; 30009: a part is missing; 30017 and
 * 30022: too much for the carrier; 30036: it waited longer than it may; 30410: no answer of the carrier.
 */
export const twilioTransientCodes: ReadonlySet<number> = new Set([
  20429, 30001, 30003, 30008, 30009, 30017, 30022, 30036, 30410, 63018,
])
