import { isIP } from 'node:net'
import { z } from 'zod'
import { weekdays } from '../../domain/route.js'
import { parseDuration, parseSize } from '../../domain/units.js'
import { parseListen } from '../listen.js'
import { parseRate } from '../rate.js'

/** The forms values take, each with the words an issue uses. Values stay as written; normalising turns them into numbers. */

const listLengthMax = 1_000
const yearMs = 366 * 86_400_000
const durationPattern = String.raw`^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$`
const dayPattern = `(?:${weekdays.join('|')})(?:-(?:${weekdays.join('|')}))?`

/** A text whose form is checked; `code` is the issue's, `pattern` what an editor can check of it. */
function form(code: string, message: string, isValid: (text: string) => boolean, pattern?: string) {
  const schema = z.string().refine(isValid, { error: message, params: { code } })
  return pattern ? schema.meta({ pattern }) : schema
}

export const duration = form(
  'bad-duration',
  'a duration is a number with its unit, such as 90s, 5m, 24h or 7d',
  (text) => parseDuration(text) !== null,
  durationPattern,
)

/** A duration that something waits for: none of no length, none longer than a year. */
export const waitDuration = form(
  'bad-duration',
  'a duration is a number with its unit, such as 90s, 5m, 24h or 7d, and at most a year',
  (text) => isBetween(parseDuration(text), 1, yearMs),
  durationPattern,
)

/** The same, where none at all is a choice, too. */
export const waitDurationOrNone = form(
  'bad-duration',
  'a duration is a number with its unit, such as 90s, 5m, 24h or 7d, and at most a year',
  (text) => isBetween(parseDuration(text), 0, yearMs),
  durationPattern,
)

/** `30/1m`: so many in so long. */
export const rate = form(
  'bad-rate',
  'a rate is a number and a duration of at most a day, such as 30/1m',
  (text) => parseRate(text) !== null,
  String.raw`^\d{1,7}/(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$`,
)

export const size = form(
  'bad-size',
  'a size is a number with its unit, such as 512B, 64KiB, 25MB or 20GB',
  (text) => isBetween(parseSize(text), 1, Number.MAX_SAFE_INTEGER),
  String.raw`^\d+(?:\.\d+)?\s*(?:[KMGTkmgt]?[iI]?[bB])?$`,
)

export const listenAddress = form(
  'bad-listen',
  'an address to listen on is host:port, such as 127.0.0.1:2525, [::1]:2525 or :2525 for every IPv4 address',
  (text) => parseListen(text) !== null,
)

/** As the resolver of Node takes it. */
export const dnsServer = form(
  'bad-resolver',
  'a DNS server is written as its IP address, with a port where it is not 53: 192.0.2.53:5353 or [2001:db8::53]:5353',
  (text) => isIP(text) > 0 || (/^[^:]+:|^\[/.test(text) && isIP(parseListen(text)?.host ?? '') > 0),
)

export const cidr = form(
  'bad-cidr',
  'a range of addresses is written 10.0.0.0/8, ::1/128 or as a single address',
  isCidr,
)

/** For `network`: CIDR ranges and host names with globs. */
export const networkRule = form(
  'bad-network-rule',
  'a network rule is a range such as 10.0.0.0/8 or a host name such as *.example.com',
  (text) => isCidr(text) || /^(?:\*\.)?[\p{L}\p{N}_*-]+(?:\.[\p{L}\p{N}_*-]+)*$/iu.test(text),
)

export const httpUrl = form(
  'bad-url',
  'a URL starts with http:// or https://',
  (text) => URL.canParse(text) && /^https?:\/\//i.test(text),
  '^[Hh][Tt][Tt][Pp][Ss]?://',
)

/** An address that paths are put behind. */
export const baseUrl = form(
  'bad-url',
  'an address that links start with is written https://alerts.example.com, without user, ? and #',
  (text) => URL.canParse(text) && /^https?:\/\/[^?#@]+$/i.test(text),
  '^[Hh][Tt][Tt][Pp][Ss]?://[^?#@]+$',
)

export const clockRange = form('bad-time', 'a time of day is written 09:00-18:00, in 24 hours', (text) =>
  /^(?:[01]?\d|2[0-3]):[0-5]\d\s*-\s*(?:(?:[01]?\d|2[0-3]):[0-5]\d|24:00)$/.test(text.trim()),
)

export const daySpan = form(
  'bad-day',
  'a day is mon, tue, wed, thu, fri, sat or sun, or a span such as mon-fri',
  (text) => new RegExp(`^${dayPattern}$`).test(text),
  `^${dayPattern}$`,
)

export const digestTime = form('bad-time', 'a time is written 09:00, mon 09:00 or mon-fri 09:00, in 24 hours', (text) =>
  new RegExp(`^(?:${dayPattern} +)?(?:[01]?\\d|2[0-3]):[0-5]\\d$`).test(text),
)

export const date = form('bad-date', 'a date is written 2026-12-25', isDate, String.raw`^\d{4}-\d{2}-\d{2}$`)

export const timezone = form(
  'bad-timezone',
  'a time zone is a name such as Europe/Berlin, Asia/Taipei or UTC',
  isTimezone,
)

/** Names stand in file names, metrics and templates. */
export const name = form(
  'bad-name',
  'a name has letters, digits, spaces, dots, hyphens and underscores, at most 64, and starts with a letter or digit',
  (text) => /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u.test(text),
)

export const variableName = form(
  'bad-name',
  'a variable has letters, digits and underscores, and does not start with a digit',
  (text) => /^[A-Za-z_]\w{0,63}$/.test(text),
)

export const mailAddress = form('bad-address', 'a mail address is written name@example.com', isMailAddress)

/** A mail address, or a group: which of them is only known once all files are read. */
export const recipient = z.string().trim().min(1).max(320)

export const text = z.string().min(1).max(10_000)
/** A Liquid template. */
export const template = z.string().max(65_536)
/** A part of what makes two things the same: the name of a field or of a variable, else Liquid. */
export const keyPart = z.string().trim().min(1).max(1_000)
export const path = z.string().min(1).max(4_096)
export const jsonMap = z.record(z.string(), z.unknown())
export const labels = z.record(z.string().min(1).max(64), z.string().max(1_000))

/** One value, or a list of at least one. */
export function oneOrMore<Schema extends z.ZodType>(schema: Schema) {
  return z.union([schema, z.array(schema).min(1).max(listLengthMax)])
}

export function isMailAddress(address: string): boolean {
  return address.length <= 320 && /^[^\s@<>,;"]+@[^\s@<>,;"]+$/u.test(address)
}

function isCidr(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}

function isTimezone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

function isDate(text: string): boolean {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  // The 31st of June is read as the first of July.
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
}

function isBetween(value: number | null, min: number, max: number): boolean {
  return value !== null && value >= min && value <= max
}
