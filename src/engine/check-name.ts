import { ApiError } from '../domain/errors.js'

const nameLengthMax = 64
/** Whoever holds the local token, or came by a sign-in link, is recorded by it. */
export const ownerName = 'owner'

/** The name of a user or a token, without spaces around it. Quotes and letters of any script are welcome. */
export function checkName(name: string, what: string): string {
  const given = name.normalize('NFC').trim()
  const isPrintable = !/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u.test(given)
  if (given === '' || given.length > nameLengthMax || !isPrintable) {
    throw new ApiError(400, 'bad_request', `the name of ${what} has 1 to ${nameLengthMax} printable characters`)
  }
  if (given.toLowerCase() === ownerName) {
    throw new ApiError(400, 'bad_request', `the name "${ownerName}" is taken by whoever holds the data folder`)
  }
  return given
}
