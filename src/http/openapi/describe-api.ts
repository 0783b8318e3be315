import { version } from '../../version.js'
import { createRoutes } from '../api/operation.js'
import type { ApiParts } from '../api.js'
import { mountApi } from '../mount-api.js'

export type ApiDocument = ReturnType<ReturnType<typeof createRoutes>['getOpenAPI31Document']>

const tags: Record<string, string> = {
  mails: 'What was received: found, shown, taken in, routed again, deleted.',
  notifications: 'What a route made of a mail; acknowledged and resolved here.',
  deliveries: 'One notification to one recipient on one channel, with every attempt. Dead letters wait for a person.',
  routes: 'The rules, and what they would do.',
  channels: 'The ways out: tried, paused, and set up while the server runs.',
  people: 'Who is reached where.',
  actions: 'WASM modules that rewrite mails or decide conditions.',
  jobs: 'WASM modules on a schedule, with a database each.',
  monitors: 'What is expected to show up.',
  rules: 'Who hears of jobs and monitors, beside what the config says.',
  silences: 'Maintenance: kept and shown, not sent.',
  events: 'What happens, as it happens.',
  stats: 'Counts over time.',
  audit: 'Who changed what.',
  config: 'The config that runs, and how it was read.',
  tokens: 'What programs sign in with.',
  users: 'Who signs in to the console.',
  server: 'The state of the server, its inbox, and what it refused.',
}

const description = `Alert mails in, messages to people out. Every operation names the least role that may do it (\`x-role\`):
a viewer reads, an operator acts on what is there, an admin changes how the gateway works.

Errors are \`{ "error": { "code", "message", "hint" } }\`: \`code\` is stable. Lists answer \`{ "items", "next_cursor" }\`
and go on with \`?cursor=\`. Times are ISO 8601 in UTC; names with \`_ms\` are milliseconds. A GET of JSON has an \`ETag\`
and answers 304 to \`If-None-Match\`.`

/** The API as OpenAPI 3.1, made of the schemas that check requests and answers. Nothing in it depends on the config. */
export function describeApi(): ApiDocument {
  const api = createRoutes()
  mountApi(api, partsOfNobody())
  const root = createRoutes()
  root.route('/api/v1', api)
  const { openAPIRegistry } = root
  openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'A token of `mailtrigger tokens create`, or the one that `mailtrigger token` prints on the server.',
  })
  openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-mailtrigger',
    description: "The console's session.",
  })
  const document = root.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'MailTrigger', version, description },
    servers: [{ url: '/' }],
  })
  const { responses, paths } = shareErrors(nameOperations(document.paths))
  return { ...document, tags: listTags(document), paths, components: { ...document.components, responses } }
}

/** The routes say all the document needs. Their handlers are never called, so they get nothing to work with. */
function partsOfNobody(): ApiParts {
  const nothing = (): never => {
    throw new TypeError('the API that is only described cannot be called')
  }
  return new Proxy({} as ApiParts, { get: () => nothing })
}

function listTags({ paths }: ApiDocument): { name: string; description: string }[] {
  const used = new Set(
    Object.values(paths ?? {}).flatMap((path) => operationsOf(path).flatMap(([, one]) => one.tags ?? [])),
  )
  const known = Object.keys(tags).filter((name) => used.has(name))
  const others = [...used].filter((name) => !(name in tags)).sort()
  return [...known, ...others].map((name) => ({ name, description: tags[name] ?? '' }))
}

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const
type Paths = NonNullable<ApiDocument['paths']>
type Operation = NonNullable<Paths[string]['get']>
type Response = NonNullable<Operation['responses']>[string]

/** The operations of one path, with their methods. */
export function operationsOf(path: Paths[string]): [(typeof methods)[number], Operation][] {
  return methods.flatMap((method) => (path[method] ? [[method, path[method]]] : []))
}

function nameOperations(paths: ApiDocument['paths']): Paths {
  const named = Object.entries(paths ?? {}).map(([address, path]) => {
    const operations = operationsOf(path).map(([method, one]) => [
      method,
      { operationId: nameOf(method, address), ...one },
    ])
    return [address, { ...path, ...Object.fromEntries(operations) }]
  })
  return Object.fromEntries(named)
}

/** Errors are alike everywhere: each is written once, and referred to. */
function shareErrors(paths: Paths): { paths: Paths; responses: Record<string, Response> } {
  const responses: Record<string, Response> = {}
  const refer = (status: string, response: Response): Response | { $ref: string } => {
    const name = `Error${status}`
    if (Number(status) < 400) return response
    responses[name] ??= response
    const isSame = JSON.stringify(responses[name]) === JSON.stringify(response)
    return isSame ? { $ref: `#/components/responses/${name}` } : response
  }
  const shared = Object.entries(paths).map(([address, path]) => {
    const operations = operationsOf(path).map(([method, one]) => {
      const answers = Object.entries(one.responses ?? {}).map(([status, answer]) => [status, refer(status, answer)])
      return [method, { ...one, responses: Object.fromEntries(answers) }]
    })
    return [address, { ...path, ...Object.fromEntries(operations) }]
  })
  return { paths: Object.fromEntries(shared), responses }
}

/** `get /api/v1/mails/{id}/trace` → `getMailsByIdTrace` */
function nameOf(method: string, address: string): string {
  const words = address
    .replace(/^\/api\/v1/, '')
    .replaceAll(/\{(\w+)\}/g, 'by-$1')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}
