import type { Position } from './errors.js'
import type { SenderAuth } from './mail.js'

/** A `*.test.yaml` after all checks: mails and what should become of them. */
export interface RouteTestFile {
  /** As it was named to us. */
  file: string
  /** Absolute paths of the routes files or folders under test. */
  config: string[]
  /** Milliseconds since the epoch, or null for the time of the run. */
  now: number | null
  mocks: {
    /** By `METHOD url`. */
    http: Record<string, HttpMock>
    /** By the name of the route that asks, or by its prompt. */
    llm: Record<string, LlmMock>
  }
  tests: RouteTest[]
}

export interface HttpMock {
  status: number
  contentType: 'application/json' | 'text/plain'
  text: string
}

/** A verdict; or texts tried in order against what would be sent, of which the first found decides, and none means no. */
export type LlmMock = boolean | { contains: string; match: boolean }[]

/** One mail comes in; or a job runs, once or several times, with the mails in the archive that came before each run. */
export type RouteTest = MailTest | JobTest

interface CommonTest {
  name: string
  /** Milliseconds since the epoch, or null for the file's. */
  now: number | null
  expect: RouteExpectation
  position: Position
}

export interface MailTest extends CommonTest {
  type: 'mail'
  mail: RouteTestMail
  /** What the checks of its sender are to have found; null is a mail that nobody asked about. */
  auth: SenderAuth | null
}

export interface JobTest extends CommonTest {
  type: 'job'
  job: string
  given: GivenMail[]
  /** The first run is now. */
  runs: { times: number; everyMs: number }
}

export interface GivenMail {
  /** When it was received: milliseconds from now, or since the epoch. */
  at: { from: 'now' | 'epoch'; ms: number }
  mail: RouteTestMail
}

export type RouteTestMail =
  /** An .eml file, absolute. */
  | { type: 'file'; path: string }
  | {
      type: 'inline'
      from: string | null
      /** The envelope recipients. */
      to: string[]
      subject: string
      text: string | null
      html: string | null
      headers: Record<string, string[]>
    }
  /** The whole mail as it came; null takes the envelope from its headers. */
  | { type: 'raw'; raw: string; from: string | null; to: string[] | null }

/** Null says nothing about it. */
export interface RouteExpectation {
  /** The names of the routes that match. */
  routes: string[] | null
  /** Mail addresses, lower case. */
  recipients: string[] | null
  deliveries: DeliveryExpectation[] | null
  unrouted: boolean | null
  /** Names of routes that must not match. */
  not: string[]
  controls: ControlExpectation | null
  /** Fingerprints and keys of holds that the mail closes, all of them. */
  resolves: string[] | null
}

/** What some notification has to ask for: under this key, or (true) under any. Null says nothing about it. */
export interface ControlExpectation {
  dedupe: string | true | null
  hold: string | true | null
  digest: string | true | null
}

export interface DeliveryExpectation {
  channel: string
  /** The recipient's mail address, or the address on the channel. */
  to: string | null
  title: TextExpectation | null
  text: TextExpectation | null
  /** Which run of a job makes it; the first is 1. */
  run: number | null
  /** An escalation, due so long after the alert. Null: it goes out with the alert, or at any time. */
  afterMs: number | null
}

export interface TextExpectation {
  is: string | null
  /** All of these. */
  contains: string[]
}
