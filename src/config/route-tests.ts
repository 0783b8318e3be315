import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Config } from '../domain/config.js'
import { ConfigError, type ConfigIssue, type Position } from '../domain/errors.js'
import { joinKey, tidyKeyPart } from '../domain/join-key.js'
import type { SenderAuth } from '../domain/mail.js'
import type {
  ControlExpectation,
  DeliveryExpectation,
  GivenMail,
  HttpMock,
  RouteExpectation,
  RouteTest,
  RouteTestFile,
  RouteTestMail,
  TextExpectation,
} from '../domain/route-test.js'
import { parseDuration } from '../domain/units.js'
import { readConfigText } from './files.js'
import { secretKeysOf } from './frame.js'
import { IssueList } from './issues.js'
import { firstAt } from './merge.js'
import { parseYaml } from './parse-yaml.js'
import { type RawRouteTest, type RawRouteTestFile, routeTestFile } from './schema/route-test-file.js'
import { readSecretFile } from './secret-files.js'
import { createSourceFile, nodeAt, type Place, placeAt, positionOf, type SourceNode } from './source.js'
import type { Surroundings } from './substitute.js'
import { suggestionHint } from './suggest.js'
import { validate } from './validate.js'

export interface ParseRouteTestsOptions extends Surroundings {
  fileExists: (path: string) => boolean
  /** Where the program was started; absolute. */
  folder: string
}

/** Reads a `*.test.yaml`. Paths in it are relative to it. `ConfigError` carries everything that is wrong with it. */
export async function loadRouteTests(
  file: string,
  options: { env: Record<string, string | undefined> },
): Promise<RouteTestFile> {
  const folder = process.cwd()
  const issues: ConfigIssue[] = []
  const text = await readConfigText(file, folder, issues)
  if (text === null) throw new ConfigError(issues)
  return parseRouteTests({ file, text }, { ...options, folder, readSecretFile, fileExists: existsSync })
}

/** The same from text. */
export function parseRouteTests(
  { file, text }: { file: string; text: string },
  options: ParseRouteTestsOptions,
): RouteTestFile {
  const issues = new IssueList(secretKeysOf([]))
  const source = createSourceFile(file, dirname(resolve(options.folder, file)), text)
  const root = parseYaml(source, options, issues)
  if (!root) {
    if (!issues.hasErrors()) issues.error('missing-key', '"tests" is missing', { file: source, start: 0, end: 0 })
    throw new ConfigError(issues.toArray())
  }
  const { data } = validate(root, routeTestFile, issues)
  const tests = data ? convertFile(data, root, file, { issues, fileExists: options.fileExists }) : null
  if (!tests || issues.hasErrors()) throw new ConfigError(issues.toArray())
  return tests
}

/**
 * Names in the tests that the config does not have. Without this a misspelt `not: […]` would hold for ever.
 */
export function checkRouteTestNames(
  tests: RouteTestFile,
  config: Pick<Config, 'routes' | 'channels' | 'jobs'>,
): ConfigIssue[] {
  const routes = config.routes.map((route) => route.name)
  const channels = Object.keys(config.channels)
  const jobs = Object.keys(config.jobs)
  return tests.tests.flatMap(({ expect, position, ...test }) => [
    ...unknownNames('job', test.type === 'job' ? [test.job] : [], jobs, position),
    ...unknownNames('route', [...(expect.routes ?? []), ...expect.not], routes, position),
    ...unknownNames('channel', expect.deliveries?.map(({ channel }) => channel) ?? [], channels, position),
  ])
}

function unknownNames(sort: string, names: string[], known: string[], position: Position): ConfigIssue[] {
  return names
    .filter((name) => !known.includes(name))
    .map((name) => ({
      code: `unknown-${sort}`,
      message: `there is no ${sort} ${JSON.stringify(name)}`,
      severity: 'error',
      position,
      hint: suggestionHint(name, known, `known ${sort}s:`),
      frame: null,
    }))
}

interface Converting {
  issues: IssueList
  fileExists: (path: string) => boolean
}

function convertFile(raw: RawRouteTestFile, root: SourceNode, file: string, converting: Converting): RouteTestFile {
  const configNode = nodeAt(root, ['config'])
  const config = [raw.config ?? 'routes.yaml'].flat()
  const places = new Map<string, Place>()
  return {
    file,
    config: config.map((path) => existingPath(path, configNode ?? root, converting)),
    now: raw.now === undefined ? null : Date.parse(raw.now),
    mocks: {
      http: mapValues(raw.mocks?.http, convertMock),
      llm: mapValues(raw.mocks?.llm, (verdict) => verdict),
    },
    tests: raw.tests.flatMap((test, index) => {
      const place = placeAt(root, ['tests', index, 'name'])
      const twin = places.get(test.name)
      if (twin)
        converting.issues.error(
          'duplicate-name',
          `there are two tests ${JSON.stringify(test.name)}`,
          place,
          firstAt(twin),
        )
      else places.set(test.name, place)
      const converted = convertTest(test, root, index, converting)
      return converted ? [converted] : []
    }),
  }
}

function convertTest(raw: RawRouteTest, root: SourceNode, index: number, converting: Converting): RouteTest | null {
  const path = ['tests', index]
  const common = {
    name: raw.name,
    now: raw.now === undefined ? null : Date.parse(raw.now),
    expect: convertExpectation(raw.expect),
    position: positionOf(placeAt(root, path)),
  }
  if (raw.mail !== undefined) {
    const mail = convertMail(raw.mail, placeAt(root, [...path, 'mail']), converting)
    return { ...common, type: 'mail', mail, auth: convertAuth(raw.auth) }
  }
  if (raw.job === undefined) return null
  const given = (raw.given ?? []).map((one, number) => ({
    at: readGivenTime(one.at),
    mail: convertMail(one.mail, placeAt(root, [...path, 'given', number, 'mail']), converting),
  }))
  const runs = { times: raw.runs?.times ?? 1, everyMs: parseDuration(raw.runs?.every ?? '30m') ?? 0 }
  return { ...common, type: 'job', job: raw.job, given, runs }
}

function convertAuth(raw: RawRouteTest['auth']): SenderAuth | null {
  if (raw === undefined) return null
  const { spf = 'none', dkim = 'none', dmarc = 'none' } = raw
  const reason = 'as the test says'
  return { spf, dkim, dmarc, policy: null, reasons: { spf: reason, dkim: reason, dmarc: reason } }
}

/** `-45m` and `5m` are from now, everything else is a time of its own. */
function readGivenTime(text: string): GivenMail['at'] {
  const distanceMs = parseDuration(text.replace(/^[+-]/, ''))
  if (distanceMs === null) return { from: 'epoch', ms: Date.parse(text) }
  return { from: 'now', ms: text.startsWith('-') ? -distanceMs : distanceMs }
}

function convertMail(raw: NonNullable<RawRouteTest['mail']>, node: SourceNode, converting: Converting): RouteTestMail {
  if (typeof raw === 'string') return { type: 'file', path: existingPath(raw, node, converting) }
  const from = raw.from ?? null
  const to = raw.to === undefined ? null : [raw.to].flat()
  if (raw.raw !== undefined) return { type: 'raw', raw: raw.raw, from, to }
  return {
    type: 'inline',
    from,
    to: to ?? [],
    subject: raw.subject ?? '',
    text: raw.text ?? null,
    html: raw.html ?? null,
    headers: mapValues(raw.headers, (value) => [value].flat()),
  }
}

function convertMock(raw: NonNullable<NonNullable<RawRouteTestFile['mocks']>['http']>[string]): HttpMock {
  const status = raw.status ?? 200
  if (raw.json === undefined) return { status, contentType: 'text/plain', text: raw.text ?? '' }
  return { status, contentType: 'application/json', text: JSON.stringify(raw.json) }
}

function convertExpectation(raw: RawRouteTest['expect']): RouteExpectation {
  return {
    routes: raw.routes ?? null,
    recipients: raw.recipients?.map((address) => address.toLowerCase()) ?? null,
    deliveries: raw.deliveries?.map(convertDelivery) ?? null,
    unrouted: raw.unrouted ?? null,
    not: raw.not ?? [],
    controls: raw.controls ? convertControls(raw.controls) : null,
    resolves: raw.resolves?.map(convertKey) ?? null,
  }
}

function convertControls({
  dedupe,
  hold,
  digest,
}: NonNullable<RawRouteTest['expect']['controls']>): ControlExpectation {
  const convert = (given: typeof hold): string | true | null =>
    given === true ? true : given ? convertKey(given) : null
  return { dedupe: convert(dedupe), hold: convert(hold), digest: convert(digest) }
}

/** Parts are joined as the steps join them. */
function convertKey(given: string | string[]): string {
  return typeof given === 'string' ? given : joinKey(given.map(tidyKeyPart))
}

type RawDelivery = NonNullable<RawRouteTest['expect']['deliveries']>[number]

function convertDelivery(raw: RawDelivery): DeliveryExpectation {
  return {
    channel: raw.channel,
    to: raw.to ?? null,
    title: convertText(raw.title),
    text: convertText(raw.text),
    run: raw.run ?? null,
    afterMs: raw.after === undefined ? null : parseDuration(raw.after),
  }
}

function convertText(raw: RawDelivery['text']): TextExpectation | null {
  if (raw === undefined) return null
  if (typeof raw === 'string') return { is: raw, contains: [] }
  return { is: raw.is ?? null, contains: raw.contains === undefined ? [] : [raw.contains].flat() }
}

function existingPath(path: string, node: SourceNode, { issues, fileExists }: Converting): string {
  const absolute = resolve(node.file.folder, path)
  if (!fileExists(absolute)) issues.error('missing-file', `there is no file ${path}`, node, `looked for ${absolute}`)
  return absolute
}

function mapValues<From, To>(
  record: Record<string, From> | undefined,
  convert: (value: From) => To,
): Record<string, To> {
  const converted: Record<string, To> = Object.create(null)
  for (const [key, value] of Object.entries(record ?? {})) converted[key] = convert(value)
  return converted
}
