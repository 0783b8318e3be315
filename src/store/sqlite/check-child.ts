import { openSqlite } from './binding.js'

/**
 * Prints what is wrong with a database, a line each, and nothing when it is whole. A process of its own, because a large
 * file takes minutes, and one that is broken may keep SQLite busy for ever: whoever starts it ends it.
 */
const [file = ''] = process.argv.slice(2)
const problemsMax = 20
const database = openSqlite(file, { readonly: true, fileMustExist: true, timeout: 5_000 })
database.pragma('cell_size_check = ON')
const rows = database.pragma(`quick_check(${problemsMax})`) as { quick_check: string }[]
const problems = rows.map(({ quick_check }) => quick_check.slice(0, 300)).filter((problem) => problem !== 'ok')
process.stdout.write(problems.join('\n'))
database.close()
