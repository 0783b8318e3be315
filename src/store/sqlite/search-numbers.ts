import { decodeTime } from 'ulid'

/**
 * Numbers of search entries sort like the ids of their mails, up to the millisecond: the time of the id, and 12 bits that
 * count within it. That way the index gives the order of a listing for nothing, and a time is a range of numbers.
 */
export const numbersPerMs = 4_096
/** July 2017: numbers stay safe integers until 2087. */
const epochMs = 1_500_000_000_000
const spanMs = 2 ** 41 - 1

const timeDigits = 10

/** The first number of the millisecond of this id, or of the ten digits that begin one; nought for what is no ULID. */
export function firstNumberOf(mailId: string): number {
  const sinceEpochMs = timeOf(mailId) - epochMs
  return Math.min(Math.max(0, sinceEpochMs), spanMs) * numbersPerMs
}

function timeOf(mailId: string): number {
  try {
    return decodeTime(mailId.length === timeDigits ? mailId.padEnd(26, '0') : mailId)
  } catch {
    return 0
  }
}
