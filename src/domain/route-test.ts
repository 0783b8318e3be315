import type { Position } from './errors.js'

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

export interface RouteTest {
  name: string
  mail: RouteTestMail
  expect: RouteExpectation
  position: Position
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
}

export interface DeliveryExpectation {
  channel: string
  /** The recipient's mail address, or the address on the channel. */
  to: string | null
  title: TextExpectation | null
  text: TextExpectation | null
}

export interface TextExpectation {
  is: string | null
  /** All of these. */
  contains: string[]
}
