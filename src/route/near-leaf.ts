import { foldAddress } from '../domain/fold-address.js'
import type { Condition, TextField } from '../domain/route.js'
import { formatDuration, formatSize } from '../domain/units.js'
import { compileAddressGlob } from './address-glob.js'
import type { TestCondition } from './compile-condition.js'
import { findNearPattern } from './near-pattern.js'
import { findNearText, type Nearness, type NearReading } from './near-text.js'
import { describeField, readAddresses } from './read-field.js'
import { fieldsBeside, sayFoundIn } from './say-difference.js'
import { excerpt } from './seen.js'
import { editsMaxFor, findSimilar, spend } from './text-forms.js'
import { compileTimeWindow } from './time-window.js'
import { writePlainTest, writeSizeTest, writeTextTest } from './write-condition.js'

const addressesMax = 100
const globsMax = 50
/** Over, or under, by this part of the limit is just over. */
const sizeSlack = 0.25
const timeSlackMinutes = 120
const timeStepMinutes = 5

/** How near a failed test came, or null when nothing like what it asks for is there. */
export function findNearness(condition: TestCondition, reading: NearReading, now: number): Nearness | null {
  switch (condition.kind) {
    case 'text':
      return condition.operator === 'matches' ? findNearPattern(condition, reading) : findNearText(condition, reading)
    case 'address':
      return findNearAddress(condition, reading)
    case 'present':
      return findNearHeader(condition, reading)
    case 'size':
      return findNearSize(condition, reading)
    case 'auth':
      return findNearAuth(condition, reading)
    case 'client':
      return findNearClient(condition, reading)
    case 'time':
      return findNearTime(condition, now)
  }
}

type AddressCondition = Extract<Condition, { kind: 'address' }>

function findNearAddress({ field, globs }: AddressCondition, reading: NearReading): Nearness | null {
  const { mail, effort } = reading
  const asked = globs.slice(0, globsMax)
  const addresses = readAddresses(mail, field).slice(0, addressesMax)
  let best: Nearness | null = null
  for (const address of addresses) {
    for (const glob of asked) {
      if (!spend(effort, address.length + glob.length)) return best
      const difference = compareAddress(foldAddress(glob), foldAddress(address), reading)
      if (difference === null || (best !== null && best.cost <= difference.cost)) continue
      const { hint, cost } = difference
      best = { hint, cost, seen: excerpt(address), suggestion: writePlainTest(field, address) }
    }
  }
  if (best?.cost === 1) return best
  // The very address in another place says more than one that is only like it.
  return findDisplayName(asked, field, reading) ?? findAddressElsewhere(asked, field, reading) ?? best
}

function compareAddress(glob: string, address: string, { effort }: NearReading): { hint: string; cost: number } | null {
  if (compileAddressGlob(withoutTag(glob)).matches(withoutTag(address))) {
    return { hint: `only the part after + differs: ${address}`, cost: 1 }
  }
  const [globName, globDomain] = splitAddress(glob)
  const [name, domain] = splitAddress(address)
  if (globDomain === '' || domain === '') return null
  const isNameRight = compileAddressGlob(globName).matches(name)
  if (isNameRight && domain.endsWith(`.${globDomain}`)) {
    return { hint: `${domain} is a subdomain of ${globDomain}, which ${globName}@${globDomain} leaves out`, cost: 1 }
  }
  if (isNameRight && globName !== '*') return { hint: `only the domain differs: ${domain}, not ${globDomain}`, cost: 2 }
  if (glob.includes('*')) return null
  const [one, other] = domain === globDomain ? [name, globName] : [address, glob]
  const hit = findSimilar(one, other, editsMaxFor(other), effort)
  if (!hit || Math.abs(one.length - other.length) > hit.edits) return null
  return { hint: `only similar: the mail has ${address}`, cost: 1 + hit.edits }
}

/** An address glob never looks at display names, which is what a mail program shows. */
function findDisplayName(globs: string[], field: TextField, { mail }: NearReading): Nearness | null {
  const people = field.type === 'from' ? mail.from : field.type === 'to' ? [...mail.to, ...mail.cc] : []
  for (const { name } of people.slice(0, addressesMax)) {
    if (name === '' || !globs.some((glob) => compileAddressGlob(glob).matches(name))) continue
    const hint = `${JSON.stringify(excerpt(name))} is the display name; a plain text is compared with the address`
    return { hint, seen: excerpt(name), suggestion: writeTextTest(field, 'is', name), cost: 1 }
  }
  return null
}

function findAddressElsewhere(globs: string[], field: TextField, { mail }: NearReading): Nearness | null {
  const compiled = globs.map(compileAddressGlob)
  for (const beside of fieldsBeside(field)) {
    const hit = readAddresses(mail, beside)
      .slice(0, addressesMax)
      .find((address) => compiled.some((glob) => glob.matches(address)))
    if (hit === undefined) continue
    // A header has no address test, only text tests.
    const suggestion = beside.type === 'header' ? writeTextTest(beside, 'contains', hit) : writePlainTest(beside, hit)
    return { hint: sayFoundIn(beside, field), seen: excerpt(hit), suggestion, cost: 2 }
  }
  return null
}

function withoutTag(address: string): string {
  return address.replace(/\+[^@]*(?=@|$)/, '')
}

function splitAddress(address: string): [name: string, domain: string] {
  const at = address.lastIndexOf('@')
  return at === -1 ? [address, ''] : [address.slice(0, at), address.slice(at + 1)]
}

/** A header that is not there, and one of nearly that name that is. */
function findNearHeader(
  { field, present }: Extract<Condition, { kind: 'present' }>,
  { mail, effort }: NearReading,
): Nearness | null {
  if (field.type !== 'header' || !present) return null
  const asked = field.name.toLowerCase()
  const names = Object.keys(mail.headers).slice(0, addressesMax)
  const similar = names.find((name) => {
    if (name === `x-${asked}` || `x-${name}` === asked) return true
    const hit = findSimilar(name, asked, editsMaxFor(asked), effort)
    return hit !== null && Math.abs(name.length - asked.length) <= hit.edits
  })
  if (similar === undefined) return null
  const hint = `the mail has no ${describeField(field)}, but it has ${similar}`
  return { hint, seen: similar, suggestion: writeHeaderPresence(similar), cost: 2 }
}

function writeHeaderPresence(name: string): string {
  return writePlainTest({ type: 'header', name }, '').replace(/""( })$/, 'true$1')
}

function findNearSize(condition: Extract<Condition, { kind: 'size' }>, { mail }: NearReading): Nearness | null {
  const { operator, bytes } = condition
  const missing = Math.abs(mail.sizeBytes - bytes)
  if (missing > bytes * sizeSlack) return null
  const hint = `just ${operator === 'over' ? 'under' : 'over'}: the mail has ${mail.sizeBytes} B, and the limit is ${formatSize(bytes)} (${bytes} B)`
  const limit = operator === 'over' ? mail.sizeBytes - 1 : mail.sizeBytes + 1
  const suggestion = limit > 0 ? writeSizeTest(condition, `${limit}B`) : null
  return { hint, seen: formatSize(mail.sizeBytes), suggestion, cost: 2 }
}

function findNearAuth({ check }: Extract<Condition, { kind: 'auth' }>, { mail }: NearReading): Nearness | null {
  if (mail.auth === null) return null
  const seen = mail.auth[check]
  const hint = `${check.toUpperCase()} says ${seen}: ${mail.auth.reasons[check]}`
  return { hint: excerpt(hint), seen, suggestion: `auth: { ${check}: ${seen} }`, cost: 2 }
}

/** Of the same /24, as most who move a sender stay in the network. */
function findNearClient({ ranges }: Extract<Condition, { kind: 'client' }>, { mail }: NearReading): Nearness | null {
  const { client } = mail.envelope
  const network = /^(\d{1,3}\.\d{1,3}\.\d{1,3}\.)\d{1,3}$/.exec(client)?.[1]
  const near = network === undefined ? undefined : ranges.slice(0, globsMax).find((range) => range.startsWith(network))
  if (near === undefined) return null
  return { hint: `${client} is beside ${near}`, seen: client, suggestion: `client: "${client}"`, cost: 2 }
}

function findNearTime(condition: Extract<Condition, { kind: 'time' }>, now: number): Nearness | null {
  const look = compileTimeWindow(condition)
  const { seen } = look(now)
  for (let minutes = timeStepMinutes; minutes <= timeSlackMinutes; minutes += timeStepMinutes) {
    const ms = minutes * 60_000
    if (look(now + ms).holds)
      return { hint: `the window opens within ${formatDuration(ms)}`, seen, suggestion: null, cost: 2 }
    if (look(now - ms).holds)
      return { hint: `the window closed within the last ${formatDuration(ms)}`, seen, suggestion: null, cost: 2 }
  }
  return { hint: 'the window was closed', seen, suggestion: null, cost: 4 }
}
