const privateAddress = /^(?:10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./
const privateNames = /\.(?:home|internal|lan|local|localdomain|localhost)$/i

/**
 * The hook's URL where a vendor on the internet could call it, else null: some refuse the whole message for a callback
 * whose host only means something at home (Twilio 21609, Vonage 23), and an alert without a receipt is still an alert.
 */
export function callableHook(hookUrl: string | null): string | null {
  if (hookUrl === null || !URL.canParse(hookUrl)) return null
  const { hostname } = new URL(hookUrl)
  const isPrivate = !hostname.includes('.') || privateAddress.test(hostname) || privateNames.test(hostname)
  return isPrivate ? null : hookUrl
}
