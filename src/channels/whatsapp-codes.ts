type Scope = 'message' | 'address' | 'channel'

/** Meta, "Cloud API error codes" (WhatsApp Business Platform, "Support"): for answers and for statuses that come later. A code that is not here counts by `is_transient`, then by its HTTP status. */
export const cloudScopeOfCode = new Map<number, Scope>([
  [0, 'channel'], // The token is not valid any more.
  [3, 'channel'], // The app may not call this.
  [10, 'channel'], // The app lacks a permission.
  [33, 'channel'], // The phone number id is gone.
  [100, 'message'], // A parameter is not valid.
  [190, 'channel'], // The token has expired.
  [200, 'channel'], // The app lacks a permission.
  [368, 'channel'], // The account is blocked for a breach of policy.
  [130497, 'address'], // The account may not write to that country.
  [130472, 'address'], // The recipient takes part in an experiment, and gets no templates.
  [131005, 'channel'], // Access denied.
  [131008, 'message'], // A parameter is missing.
  [131009, 'message'], // A parameter is not valid.
  [131026, 'address'], // The recipient is not on WhatsApp.
  [131030, 'address'], // A test number writes to listed recipients only.
  [131031, 'channel'], // The account is locked.
  [131042, 'channel'], // There is no way to pay.
  [131049, 'address'], // The recipient has had enough of our kind of messages.
  [131051, 'message'], // The type of message is not known.
  [132000, 'channel'], // The template has another number of parameters.
  [132001, 'channel'], // There is no such template in this language.
  [132007, 'channel'], // The template breaches a policy.
  [132012, 'channel'], // The template's parameters are of another kind.
  [132015, 'channel'], // The template is paused.
  [132016, 'channel'], // The template is disabled.
  [132018, 'message'], // A value has a line break, or too many spaces.
  [133010, 'channel'], // The phone number is not registered.
])

export const cloudTransientCodes = new Set([1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 131057, 133016])
/** Too many messages to one recipient in a short time. */
export const cloudPairRate = 131056
/** The filled-in template is too long. */
export const cloudTooLong = 132005
/** The recipient's last message is more than 24 hours ago: only templates go through. */
export const cloudOutsideSession = 131047
