import type { Condition, LlmField } from '../domain/route.js'
import { formatSize } from '../domain/units.js'
import { compileAddressGlob } from './address-glob.js'
import { compileClientRanges } from './client-ranges.js'
import { compileTextTest } from './compile-text-test.js'
import type { MailReading } from './mail-reading.js'
import { describeField, formsOf, readAddresses, readField } from './read-field.js'
import { describeChoices, excerpt, excerptList } from './seen.js'
import { compileTimeWindow, describeTimeWindow } from './time-window.js'

/** What a cheap test found in a mail. */
export interface Finding {
  holds: boolean
  /** See `ConditionTrace.seen`. */
  seen: string | null
  reason: string | null
  /** What named groups caught; null where one took no part. */
  variables: ReadonlyMap<string, string | null>
}

export type TestCondition = Exclude<Condition, { kind: 'all' | 'any' | 'not' | 'llm' | 'wasm' }>

/** How a leaf reads in a trace. */
export interface LeafWords {
  /** Null where the whole mail is looked at. */
  field: string | null
  operator: string
  expected: string
}

/** A condition ready to be evaluated, in the shape it was written in. */
export type ConditionNode =
  | { kind: 'all' | 'any'; of: ConditionNode[] }
  | { kind: 'not'; of: ConditionNode[] }
  | TestNode
  | LlmNode
  | WasmNode

export interface TestNode {
  kind: 'test'
  condition: TestCondition
  words: LeafWords
  test: (reading: MailReading, now: number) => Finding
}

export interface LlmNode {
  kind: 'llm'
  prompt: string
  fields: LlmField[]
  onError: 'match' | 'no_match' | 'retry'
  words: LeafWords
}

export interface WasmNode {
  kind: 'wasm'
  module: string
  onError: 'match' | 'no_match'
  words: LeafWords
}

/** Compiles a condition that passed the config check. A bad pattern, zone or range throws: the check let it through. */
export function compileCondition(condition: Condition): ConditionNode {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return { kind: condition.kind, of: condition.of.map(compileCondition) }
    case 'not':
      return { kind: 'not', of: [compileCondition(condition.of)] }
    case 'llm': {
      const { prompt, fields, onError } = condition
      const words = { field: fields.join(', '), operator: 'llm', expected: excerpt(prompt) }
      return { kind: 'llm', prompt, fields, onError, words }
    }
    case 'wasm': {
      const { module, onError } = condition
      return { kind: 'wasm', module, onError, words: { field: null, operator: 'wasm', expected: excerpt(module) } }
    }
    default:
      return { kind: 'test', condition, ...compileTest(condition) }
  }
}

const noVariables: ReadonlyMap<string, string> = new Map()

function compileTest(condition: TestCondition): Pick<TestNode, 'words' | 'test'> {
  switch (condition.kind) {
    case 'text':
      return compileTextTest(condition)
    case 'address':
      return compileAddressTest(condition)
    case 'present':
      return compilePresenceTest(condition)
    case 'size':
      return compileSizeTest(condition)
    case 'auth':
      return compileAuthTest(condition)
    case 'client': {
      const contains = compileClientRanges(condition.ranges)
      return {
        words: { field: 'client', operator: 'in', expected: describeChoices(condition.ranges) },
        test: ({ mail }) => found(contains(mail.envelope.client), excerpt(mail.envelope.client)),
      }
    }
    case 'time': {
      const look = compileTimeWindow(condition)
      return {
        words: { field: 'time', operator: 'in', expected: describeTimeWindow(condition) },
        test: (_reading, now) => {
          const { holds, seen } = look(now)
          return found(holds, seen)
        },
      }
    }
  }
}

function compileAddressTest({
  field,
  globs,
}: Extract<Condition, { kind: 'address' }>): Pick<TestNode, 'words' | 'test'> {
  const compiled = globs.map(compileAddressGlob)
  return {
    words: { field: describeField(field), operator: 'is', expected: describeChoices(globs) },
    test({ mail }) {
      const addresses = readAddresses(mail, field)
      const hit = addresses.find((address) =>
        formsOf(address, field).some((form) => compiled.some((glob) => glob.matches(form))),
      )
      return hit === undefined ? found(false, excerptList(addresses)) : found(true, excerpt(hit))
    },
  }
}

/** Headers, attachments and the AUTH name are present whatever they hold; other fields when they hold any text. */
function compilePresenceTest({
  field,
  present,
}: Extract<Condition, { kind: 'present' }>): Pick<TestNode, 'words' | 'test'> {
  const countsEmpty = field.type === 'header' || field.type === 'attachment' || field.type === 'user'
  return {
    words: { field: describeField(field), operator: 'present', expected: present ? 'present' : 'absent' },
    test({ mail }) {
      const values = readField(mail, field)
      const isThere = values.some((value) => countsEmpty || value !== '')
      return found(isThere === present, excerptList(values))
    },
  }
}

function compileSizeTest({ operator, bytes }: Extract<Condition, { kind: 'size' }>): Pick<TestNode, 'words' | 'test'> {
  return {
    words: { field: 'size', operator, expected: formatSize(bytes) },
    test({ mail }) {
      const holds = operator === 'over' ? mail.sizeBytes > bytes : mail.sizeBytes < bytes
      return found(holds, `${formatSize(mail.sizeBytes)} (${mail.sizeBytes} B)`)
    },
  }
}

/** `none` is a verdict like the others: that a mail was never checked is not. */
function compileAuthTest({ check, verdicts }: Extract<Condition, { kind: 'auth' }>): Pick<TestNode, 'words' | 'test'> {
  return {
    words: { field: `auth ${check}`, operator: 'is', expected: verdicts.join(' or ') },
    test({ mail: { auth } }) {
      if (auth === null) return found(false, null, 'nobody asked who sent it (server.smtp.sender_auth)')
      return found(verdicts.includes(auth[check]), auth[check], excerpt(auth.reasons[check]))
    },
  }
}

function found(holds: boolean, seen: string | null, reason: string | null = null): Finding {
  return { holds, seen, reason, variables: noVariables }
}
