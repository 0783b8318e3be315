/**
 * Entry of the processes in which jobs run, and in which their databases are opened: the engine itself never opens a
 * file that foreign code has written to.
 */
import { SandboxError } from '../domain/errors.js'
import { checkDatabaseFile, copyDatabaseFile, explainFile, queryDatabaseFile } from '../store/sqlite/database-files.js'
import { openGuardedDatabase } from '../store/sqlite/guarded-database.js'
import { serveCalls } from '../wasm/serve-calls.js'
import type { ChildRequest, FileRequest } from './messages.js'
import { runInChild } from './run-in-child.js'

serveCalls(async (payload, reporter) => {
  // The parent is our own code; only what comes from the guest and its database is doubted.
  const request = payload as ChildRequest
  try {
    if (request.operation === 'run') return await runInChild(request, reporter)
    reporter.begin()
    return JSON.stringify(workOnFile(request) ?? null)
  } catch (error) {
    if (error instanceof SandboxError) throw error
    const explained = explainFile(error)
    throw new SandboxError('rejected', explained instanceof Error ? explained.message : String(explained))
  }
})

function workOnFile(request: FileRequest): unknown {
  switch (request.operation) {
    case 'check':
      return checkDatabaseFile(request.path, request.bytesMax)
    case 'copy':
      return copyDatabaseFile(request.path, request.target)
    case 'query':
      return queryDatabaseFile(request.path, request.sql, request.rowsMax)
    case 'read_report':
    case 'clear_report': {
      const database = openGuardedDatabase(request.path, request.bytesMax)
      try {
        if (request.operation === 'clear_report') return database.clearReport(request.runId)
        return parseReport(database.readReport())
      } finally {
        database.close()
      }
    }
  }
}

function parseReport(found: { report: string } | null): unknown {
  return found && (JSON.parse(found.report) as unknown)
}
