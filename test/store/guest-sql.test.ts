import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { checkQuestion, checkStatement } from '#src/store/sqlite/guest-sql.js'

const disguises: ((statement: string) => string)[] = [
  (statement) => statement,
  (statement) => statement.toLowerCase(),
  (statement) => ` \t\r\n\f${statement}`,
  (statement) => `\uFEFF${statement}`,
  (statement) => `;;; ;${statement}`,
  (statement) => `-- SELECT 1\n${statement}`,
  (statement) => `/* SELECT 1 */${statement}`,
  (statement) => `/**//* SELECT */\uFEFF;-- SELECT\n${statement}`,
  (statement) => `/*/ SELECT */ ${statement}`,
  (statement) => `--\r${statement}\n${statement}`,
  (statement) => `EXPLAIN ${statement}`,
  (statement) => `explain/**/query plan -- SELECT\n${statement}`,
  (statement) => `EXPLAIN QUERY PLAN;${statement}`,
  (statement) => `EXPLAIN EXPLAIN ${statement}`,
]
const forbidden = [
  "ATTACH '/tmp/x' AS x",
  'DETACH main',
  'PRAGMA max_page_count = 1000000',
  "VACUUM INTO '/tmp/x'",
  'VACUUM',
  'BEGIN',
  'COMMIT',
  'END',
  'ROLLBACK',
  'SAVEPOINT a',
  'RELEASE a',
]

describe('a statement', () => {
  test.each(forbidden)('%s is refused in every disguise', (statement) => {
    for (const disguise of disguises) expect(() => checkStatement(disguise(statement), [])).toThrow(/not allowed/)
  })

  test.each([
    '',
    ' ',
    '--',
    '/*',
    '/* SELECT',
    '-- SELECT 1',
    '\0SELECT 1',
    'SELECT 1\0',
    '_SELECT',
    '(SELECT 1)',
    '"SELECT"',
    'EXPLAIN',
    'EXPLAIN QUERY PLAN',
    'EXPLAIN QUERY',
    'SELECT file FROM pragma_database_list',
    'SELECT * FROM "Pragma_Database_List"',
  ])('that begins with no word of ours is refused: %j', (statement) => {
    expect(() => checkStatement(statement, [])).toThrow()
  })

  it('that works in the one database is let through as it is', () => {
    for (const statement of [
      'SELECT 1',
      ' insert into t values (?)',
      '/* why */ CREATE TABLE t (a)',
      'explain query plan SELECT 1',
      'EXPLAIN DELETE FROM t',
      "SELECT name FROM pragma_table_info('t')",
    ]) {
      expect(checkStatement(statement, []).text).toBe(statement)
    }
  })

  it('is never let through for what stands in front of a forbidden word', () => {
    const noise = fc.array(fc.constantFrom(' ', '\n', ';', '\uFEFF', '-- a\n', '/* b */', '/**/', '\t'), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(noise, fc.constantFrom(...forbidden), (parts, statement) => {
        expect(() => checkStatement(parts.join('') + statement, [])).toThrow(/not allowed/)
      }),
    )
  })

  it('is read in linear time', () => {
    expect(() => checkStatement('/**/'.repeat(25_000), [])).toThrow(/empty statement/)
    expect(() => checkStatement(' '.repeat(100_001), [])).toThrow(/100000 characters/)
  })
})

it('a question only reads', () => {
  expect(checkQuestion('WITH a AS (SELECT 1) SELECT * FROM a')).toContain('WITH')
  for (const sql of ['DELETE FROM t', 'EXPLAIN PRAGMA query_only = OFF', 'CREATE TABLE t (a)', 'REINDEX', 'ANALYZE'])
    expect(() => checkQuestion(sql)).toThrow()
})

it('parameters are bound as SQLite would have them written', () => {
  const bind = (given: unknown) => checkStatement('SELECT 1', given).values
  expect(bind(undefined)).toEqual([])
  expect(bind(null)).toEqual([])
  expect(bind([1, 1.5, 'x', null, true])).toEqual([1n, 1.5, 'x', null, 1n])
  expect(bind({ a: 1 })).toEqual([{ a: 1n }])
})

test.each([[[{}]], [[[1]]], ['x'], [1], [Array.from({ length: 1_001 }, () => 1)]])(
  'parameters %j are refused',
  (given) => {
    expect(() => checkStatement('SELECT 1', given)).toThrow(/parameter/)
  },
)
