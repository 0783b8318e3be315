import { isUtf8 } from 'node:buffer'

/** What a client hears instead of what it asked for. `isLast`: nothing more is read from it. */
export interface CommandFault {
  code: number
  message: string
  isLast: boolean
}

/** Browsers and scanners that take us for a web server; what they send next may have been written by somebody else. */
const httpMethods = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PRI', 'PUT', 'TRACE'])

const notImplemented = new Set(
  'ATRN BURL DEBUG ETRN EXPN KILL LHLO ONEX SAML SEND SHELL SOML TURN VERB VRFY WIZ XFORWARD'.split(' '),
)

/**
 * RFC 5321 4.1.1.11 refuses parameters that were not offered. Those of delivery reports (RFC 3461) are taken and mean
 * nothing: a sender that writes them unasked has an alert to tell, and loses nothing by it, as we never report delivery.
 */
const knownParameters: Record<string, readonly string[]> = {
  MAIL: ['SIZE', 'BODY', 'SMTPUTF8', 'AUTH', 'RET', 'ENVID'],
  RCPT: ['NOTIFY', 'ORCPT'],
}

/** RFC 5321 4.5.3.1.3 has 256 for a path with its angle brackets. */
const pathBytesMax = 256

/**
 * What is wrong with a command line before anybody looks at what it asks for; null when nothing is. It stands before
 * smtp-server's own checks, for what those let through.
 */
export function checkCommand(line: Buffer): CommandFault | null {
  const text = line.toString('latin1')
  const verb = verbOf(line)
  if (/^[^A-Za-z \t]/.test(text)) return fatal(421, '5.5.2 this is no SMTP')
  if (httpMethods.has(verb)) return fatal(421, '5.5.1 this is no web server')
  // What follows are as many bytes as it says, of a mail and not of commands.
  if (verb === 'BDAT') return fatal(502, '5.5.1 BDAT is not offered')
  if (hasControls(text)) return fault(500, '5.5.2 a command has no control characters')
  // Windows sends its own name in the code page of the machine.
  if (verb !== 'HELO' && verb !== 'EHLO' && !isUtf8(line)) return fault(500, '5.5.2 a command is ASCII or UTF-8')
  if (notImplemented.has(verb)) return fault(502, `5.5.1 ${verb} is not implemented`)
  const known = knownParameters[verb]
  return known ? checkPath(verb, text, known) : null
}

/** The first word, in capitals. */
export function verbOf(line: Buffer): string {
  return (line.toString('latin1').split(' ', 1)[0] ?? '').toUpperCase()
}

function checkPath(verb: string, text: string, known: readonly string[]): CommandFault | null {
  const [path = '', ...parameters] = text
    .slice(text.indexOf(':') + 1)
    .trim()
    .split(/\s+/)
  if (path.length > pathBytesMax) return fault(501, `5.1.${verb === 'MAIL' ? 7 : 3} the address is too long`)
  const unknown = parameters.map((one) => one.split('=', 1)[0]?.toUpperCase() ?? '').find((key) => !known.includes(key))
  return unknown === undefined ? null : fault(555, `5.5.4 ${verb} has no parameter ${unknown.slice(0, 40)} here`)
}

/** All of C0 but the tab, and DEL. A bare CR among them could be the end of a line to somebody else. */
function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true
  }
  return false
}

function fault(code: number, message: string): CommandFault {
  return { code, message, isLast: false }
}

function fatal(code: number, message: string): CommandFault {
  return { code, message, isLast: true }
}
