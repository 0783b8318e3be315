import { html } from 'hono/html'
import { type ApiDocument, operationsOf } from './describe-api.js'

type Html = ReturnType<typeof html>
type Operation = ReturnType<typeof operationsOf>[number][1]

/** The page's whole style: small, and named by its hash in the page's policy. */
export const docsStyle = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; overflow-wrap: anywhere; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: .4rem; white-space: pre-wrap; }
details { border-bottom: 1px solid #8884; padding: .5rem 0; }
summary { cursor: pointer; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700; text-transform: uppercase; }
.role { border: 1px solid #8888; border-radius: 1rem; padding: 0 .5rem; font-size: .85em; }
`

/** The API for people: every operation with who may do it, what it takes and what it answers. No script. */
export function showDocs(document: ApiDocument, serverUrl: string): Html {
  const operations = Object.entries(document.paths ?? {}).flatMap(([address, path]) =>
    operationsOf(path).map(([method, operation]) => ({ address, method, operation })),
  )
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${document.info.title} API</title>
<style>${docsStyle}</style>
</head>
<body>
<header><h1>${document.info.title} API ${document.info.version}</h1>
${(document.info.description ?? '').split('\n\n').map((paragraph) => html`<p>${paragraph}</p>`)}
<p><a href="/api/openapi.json">openapi.json</a></p>
<nav aria-label="Resources"><ul>${(document.tags ?? []).map(({ name }) => html`<li><a href="#${name}">${name}</a></li>`)}</ul></nav>
</header>
<main>
${(document.tags ?? []).map(
  ({ name, description }) => html`<section id="${name}"><h2>${name}</h2><p>${description ?? ''}</p>
${operations
  .filter(({ operation }) => operation.tags?.includes(name))
  .map(({ address, method, operation }) => showOperation(serverUrl, method, address, operation))}
</section>`,
)}
<section id="schemas"><h2>Schemas</h2>
${Object.entries(document.components?.schemas ?? {}).map(
  ([name, schema]) => html`<details id="schema-${name}"><summary>${name}</summary>${showSchema(schema)}</details>`,
)}
</section>
</main>
</body>
</html>`
}

function showOperation(serverUrl: string, method: string, address: string, operation: Operation): Html {
  const role: unknown = Reflect.get(operation, 'x-role')
  const body = operation.requestBody && 'content' in operation.requestBody ? operation.requestBody.content : {}
  return html`<details id="${operation.operationId ?? ''}">
<summary><span class="method">${method}</span> <code>${address}</code> <span class="role">${String(role)}</span><br>${operation.summary ?? ''}</summary>
${operation.description ? html`<p>${operation.description}</p>` : ''}
${showParameters(operation)}
${Object.entries(body).map(([type, { schema }]) => html`<h4>Body: <code>${type}</code></h4>${showSchema(schema)}`)}
${Object.entries(operation.responses ?? {})
  .filter(([status]) => status.startsWith('2'))
  .map(([status, response]) => showAnswer(status, response))}
<h4>Example</h4><pre>${writeCurl(serverUrl, method, address, Object.keys(body)[0])}</pre>
</details>`
}

function showParameters({ parameters = [] }: Operation): Html | '' {
  const rows = parameters.flatMap((parameter) => ('$ref' in parameter ? [] : [parameter]))
  if (rows.length === 0) return ''
  return html`<table><thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">What</th></tr></thead><tbody>
${rows.map(({ name, in: place, required, schema, description }) => {
  const words = [description ?? describe(schema), required ? 'required' : ''].filter(Boolean).join(' – ')
  return html`<tr><td><code>${name}</code></td><td>${place}</td><td>${words} <code>${shorten(schema)}</code></td></tr>`
})}</tbody></table>`
}

function showAnswer(status: string, response: unknown): Html {
  const { description = '', content = {} } = response as {
    description?: string
    content?: Record<string, { schema?: unknown }>
  }
  return html`<h4>${status}: ${description}</h4>${Object.entries(content).map(
    ([type, { schema }]) => html`<p><code>${type}</code></p>${showSchema(schema)}`,
  )}`
}

/** A schema that has a name is named, with a way to it. */
function showSchema(schema: unknown): Html | '' {
  if (schema === undefined) return ''
  const named = readName(schema)
  if (named !== null) return html`<p><a href="#schema-${named}">${named}</a></p>`
  return html`<pre>${JSON.stringify(schema, null, 2)}</pre>`
}

function readName(schema: unknown): string | null {
  const reference: unknown = typeof schema === 'object' && schema !== null ? Reflect.get(schema, '$ref') : undefined
  return typeof reference === 'string' ? (reference.split('/').at(-1) ?? null) : null
}

function describe(schema: unknown): string {
  const text: unknown = typeof schema === 'object' && schema !== null ? Reflect.get(schema, 'description') : undefined
  return typeof text === 'string' ? text : ''
}

function shorten(schema: unknown): string {
  if (typeof schema !== 'object' || schema === null) return ''
  const { description: _, ...rest } = schema as Record<string, unknown>
  return JSON.stringify(rest)
}

function writeCurl(serverUrl: string, method: string, address: string, bodyType: string | undefined): string {
  const verb = method === 'get' ? '' : ` -X ${method.toUpperCase()}`
  const bodies: Record<string, string> = {
    'application/json': ` \\\n  -H 'content-type: application/json' -d '{}'`,
    'multipart/form-data': ` \\\n  -F module=@job.ts`,
  }
  const raw = ` \\\n  -H 'content-type: ${bodyType}' --data-binary @file`
  const body = bodyType === undefined ? '' : (bodies[bodyType] ?? raw)
  return `curl${verb} -H "authorization: Bearer $TOKEN" '${serverUrl}${address}'${body}`
}
