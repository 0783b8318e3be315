import fc from 'fast-check'
import { expect, test } from 'vitest'
import { base, issuesOf, parse, shortly } from './kinds.js'

const modelOf = (value: string, env: Record<string, string>, readSecretFile?: (path: string) => string) => {
  const text = `llm: { model: ${JSON.stringify(value)} }`
  return parse(text, readSecretFile ? { env, readSecretFile } : { env }).config.llm?.model
}

test.each([
  ['${NAME}', { NAME: 'x' }, 'x'],
  ['a ${NAME} b ${OTHER}', { NAME: 'x', OTHER: 'y' }, 'a x b y'],
  ['${NAME:-default text}', {}, 'default text'],
  ['${NAME:-default}', { NAME: '' }, 'default'],
  ['${NAME:?why}', { NAME: 'x' }, 'x'],
  ['$$', {}, '$'],
  ['$${NAME}', { NAME: 'x' }, '${NAME}'],
  ['5$ and $x', {}, '5$ and $x'],
  ['${NAME}', { NAME: '${OTHER}', OTHER: 'no' }, '${OTHER}'],
])('%s with %o is %s', (value, env, expected) => {
  expect(modelOf(value, env)).toBe(expected)
})

test('a file is read without its last line break, and its path may name variables', () => {
  const read = (path: string) => `<${path}>\n\n`
  expect(modelOf('${file:/run/secrets/x}', {}, read)).toBe('</run/secrets/x>\n')
  expect(modelOf('${file:${CREDENTIALS_DIRECTORY}/x}', { CREDENTIALS_DIRECTORY: '/c' }, read)).toBe('</c/x>\n')
  expect(modelOf('${file:secret}', {}, read)).toBe('</etc/mailtrigger/secret>\n')
})

test.each([
  ['${}', 'bad-variable 1:16'],
  ['${1X}', 'bad-variable 1:16'],
  ['a ${NAME', 'bad-variable 1:18'],
  ['${toString}', 'missing-variable 1:16'],
  ['${file:}', 'bad-variable 1:16'],
  ['${file:/nowhere}', 'missing-file 1:16'],
  ['${file:${NOPE}/x}', 'missing-variable 1:16'],
])('%s is a mistake at its place', (value, expected) => {
  expect(shortly(issuesOf(`llm: { model: "${value}" }`))).toEqual([expected])
})

test('numbers and booleans may come from variables where the schema wants them', () => {
  const text = `${base}server: { smtp: { max_connections: "\${N}" } }
routes: [{ name: a, enabled: "\${ON}", steps: [{ send: telegram }] }]`
  const { config } = parse(text, { env: { N: '12', ON: 'false' } })
  expect(config.server.smtp.connectionsMax).toBe(12)
  expect(config.routes[0]?.enabled).toBe(false)
  expect(shortly(issuesOf(text, { env: { N: 'many', ON: 'yes' } }))).toEqual(['wrong-type 6:36', 'wrong-type 7:30'])
})

test('a bare number is the text as written where the schema wants a text', () => {
  const { config } = parse(`${base}routes: [{ name: 1.10, when: { subject: 0042 }, steps: [{ send: telegram }] }]`)
  expect(config.routes[0]?.name).toBe('1.10')
  expect(config.routes[0]?.when).toMatchObject({ values: ['0042'] })
})

test('whatever a variable holds, it stays the one text it stands in', () => {
  const text = `${base}routes:
  - name: "\${VALUE}"
    when: { subject: { contains: "\${VALUE}" } }
    labels: { a: "x\${VALUE}" }
    steps: [{ send: telegram }]
`
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 }), yamlLike()).map((value) => `v${value}v`),
      (value) => {
        const { config } = parse(text, { env: { VALUE: value } })
        expect(config.routes).toHaveLength(1)
        expect(config.routes[0]).toMatchObject({
          name: value,
          when: { kind: 'text', values: [value] },
          labels: { a: `x${value}` },
          stop: false,
        })
      },
    ),
    { numRuns: 200 },
  )
})

function yamlLike(): fc.Arbitrary<string> {
  return fc
    .array(
      fc.constantFrom('\n', '  - ', 'stop: true', '"', "'", '}', ']', ', ', '# ', '&a ', '*a', '${X}', '$$', '\t'),
      {
        maxLength: 12,
      },
    )
    .map((parts) => parts.join(''))
}

test('an issue never shows what a variable holds', () => {
  const issues = issuesOf('server: { http: { listen: "${SECRET}" } }', { env: { SECRET: 'hunter2-hunter2' } })
  expect(shortly(issues)).toEqual(['bad-listen 1:27'])
  expect(JSON.stringify(issues)).not.toContain('hunter2')
})
