import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { ApiError } from '../../../domain/errors.js'
import { mayActAs } from '../../../domain/identity.js'
import type { JobLine, QueryResult } from '../../../domain/job.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { ButtonLink } from '../elements/action-button.js'
import { Card, EmptyState } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { FileField, TextArea } from '../elements/field.js'
import { Icon } from '../elements/icon.js'
import { More } from '../elements/more.js'
import { ResultTable, sliceRows } from '../elements/result-table.js'
import { hrefOfJob } from '../job-links.js'
import { readPageQuery } from '../read-form.js'
import { type JobShown, showJob } from './job.js'
import type { MountPage } from './page.js'

const rowsPerPage = 200
const tablesMax = 100
const query = z.object({
  table: z.string().max(200).default(''),
  from: z.coerce.number().int().min(0).max(10_000_000).default(0).catch(0),
  sql: z.string().trim().max(4_000).default(''),
})

/** What a job keeps: its tables, their rows, and a question of one's own. Read-only, and not for everybody. */
export const jobDatabasePages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/jobs/:name/database', (c) => {
    const asked = readPageQuery(c, query)
    return showJob({ c, calls, render }, 'database', (job) => showDatabase({ c, calls, render }, job, asked))
  })
  return app
}

async function showDatabase({ c, calls }: JobShown, job: JobLine, asked: z.infer<typeof query>) {
  if (!mayActAs(c.get('identity'), 'operator')) {
    return (
      <EmptyState title="A job may keep what not everybody is to read">
        <p>Looking into its database takes the role operator.</p>
      </EmptyState>
    )
  }
  if (job.database_bytes === 0) {
    return (
      <>
        <EmptyState title="It has no database yet">
          <p>Its first run makes one. Or give it one with its first contents:</p>
        </EmptyState>
        <ReplaceCard c={c} job={job.name} />
      </>
    )
  }
  const href = `${hrefOfJob(job.name)}/database`
  const tables = await listTables(calls, job.name)
  return (
    <>
      <TablesCard href={href} tables={tables} current={asked.table} job={job.name} />
      <QuestionCard href={href} sql={asked.sql} />
      {asked.sql === '' ? null : await showAnswer(calls, job.name, asked.sql)}
      {asked.table === '' ? null : await showRows(calls, job.name, href, asked)}
      <ReplaceCard c={c} job={job.name} />
    </>
  )
}

interface Table {
  name: string
  /** Null when counting took too long. */
  rows: number | null
}

async function listTables(calls: ConsoleParts['calls'], job: string): Promise<Table[]> {
  const select = `SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name`
  const found = await ask(calls, job, select, tablesMax)
  if (typeof found === 'string') throw new ApiError(400, 'invalid_database', found)
  // The gateway's own may not even be named in a question.
  const names = found.rows.map(([name]) => String(name)).filter((name) => !/^_mailtrigger/i.test(name))
  if (names.length === 0) return []
  const counts = names.map((name) => `SELECT count(*) FROM ${quoteName(name)}`).join(' UNION ALL ')
  const counted = await ask(calls, job, counts, tablesMax)
  return names.map((name, index) => {
    return { name, rows: typeof counted === 'string' ? null : Number(counted.rows[index]?.[0]) }
  })
}

/** The rows, or in words why there are none. */
async function ask(
  calls: ConsoleParts['calls'],
  job: string,
  sql: string,
  rowsMax: number,
): Promise<QueryResult | string> {
  try {
    return await calls.queryDatabase(job, sql, rowsMax)
  } catch (error) {
    if (error instanceof ApiError) return error.message
    throw error
  }
}

/** A name of a table as SQL takes it, whatever is in it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function TablesCard({ href, tables, current, job }: { href: string; tables: Table[]; current: string; job: string }) {
  const download = (
    <ButtonLink href={`/api/v1/jobs/${encodeURIComponent(job)}/database`} icon="download">
      Download
    </ButtonLink>
  )
  return (
    <Card title="Tables" actions={download}>
      {tables.length === 0 ? (
        <p class="note">It has no table yet: the job makes them.</p>
      ) : (
        <DataTable
          caption="Tables of the database"
          rows={tables}
          columns={[
            {
              title: 'Table',
              look: 'wide',
              cell: ({ name }) => (
                <a
                  href={`${href}?table=${encodeURIComponent(name)}#rows`}
                  aria-current={name === current ? 'true' : undefined}
                >
                  {name}
                </a>
              ),
            },
            { title: 'Rows', look: 'number', cell: ({ rows }) => rows ?? <span class="dim">too many to count</span> },
          ]}
        />
      )}
    </Card>
  )
}

async function showRows(calls: ConsoleParts['calls'], job: string, href: string, asked: z.infer<typeof query>) {
  const { table, from } = asked
  // One more than is shown, to know whether there is another page.
  const limit = rowsPerPage + 1
  const sql = `SELECT * FROM ${quoteName(table)} LIMIT ${limit} OFFSET ${from}`
  const result = await ask(calls, job, sql, limit)
  if (typeof result === 'string') return <Refused words={result} />
  const shown = sliceRows(result.rows, rowsPerPage)
  const hasMore = shown.length < result.rows.length || result.truncated
  const next = hasMore ? from + Math.max(1, shown.length) : null
  return (
    <Card title={table} id="rows">
      {result.rows.length === 0 ? (
        <p class="note">{from === 0 ? 'It has no rows.' : 'There are no more rows.'}</p>
      ) : (
        <>
          <p class="sub">
            Rows {from + 1} to {from + shown.length}
          </p>
          <ResultTable caption={`Rows of ${table}`} columns={result.columns} rows={shown} />
        </>
      )}
      <More href={`${href}?table=${encodeURIComponent(table)}`} from={from} next={next} label="Parts of the table" />
    </Card>
  )
}

function QuestionCard({ href, sql }: { href: string; sql: string }) {
  return (
    <Card title="Ask it" id="ask">
      <form method="get" action={`${href}#ask`}>
        <TextArea
          name="sql"
          label="One SELECT"
          rows={4}
          value={sql}
          placeholder="SELECT * FROM …"
          hint="It only reads. It has two seconds, and the first 200 rows are shown."
        />
        <button type="submit" class="button">
          <Icon name="search" /> Ask
        </button>
      </form>
    </Card>
  )
}

async function showAnswer(calls: ConsoleParts['calls'], job: string, sql: string) {
  const result = await ask(calls, job, sql, rowsPerPage)
  if (typeof result === 'string') return <Refused words={result} />
  const shown = sliceRows(result.rows, rowsPerPage)
  const isCut = result.truncated || shown.length < result.rows.length
  return (
    <Card title="Answer">
      <p class="sub">
        {shown.length === 1 ? 'One row' : `${shown.length} rows`}
        {isCut ? ' are shown, and there are more: narrow the question.' : ''}
      </p>
      {shown.length === 0 ? null : <ResultTable caption="Answer" columns={result.columns} rows={shown} />}
    </Card>
  )
}

function Refused({ words }: { words: string }) {
  return (
    <p class="note bad" role="alert">
      <Icon name="warning" /> {words}
    </p>
  )
}

function ReplaceCard({ c, job }: { c: Context<ConsoleEnv>; job: string }) {
  if (!mayActAs(c.get('identity'), 'admin')) return null
  return (
    <Card title="Replace it">
      <form
        method="post"
        action={`${hrefOfJob(job)}/database`}
        enctype="multipart/form-data"
        data-upload
        data-confirm="Replace the database of this job?"
        class="upload"
      >
        <FileField
          name="database"
          label="Another database"
          accept=".sqlite3,.sqlite,.db"
          required
          hint="A SQLite file, at most 50 MB. It is checked, and the one before is kept as a backup."
        />
        <button type="submit" class="button danger">
          Replace the database
        </button>
      </form>
    </Card>
  )
}
