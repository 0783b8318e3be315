import type { ConfigIssue } from '../../../domain/errors.js'
import type { ConfigState } from '../../../engine/config-calls.js'
import type { ConfigLoadLine } from '../../../store/config-store.js'
import type { Page } from '../../../store/store.js'
import { countOf } from '../count-of.js'
import { sliceList } from '../cut-text.js'
import { Badge, type Tone } from '../elements/badge.js'
import { EmptyState, Fold } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import type { IconName } from '../elements/icon.js'
import { IssueList } from '../elements/issue-list.js'
import { More } from '../elements/more.js'
import { NumberedText } from '../elements/numbered-text.js'
import { Pager } from '../elements/pager.js'
import { Time } from '../elements/time.js'

const wrongShownMax = 10
const issuesPerLoadMax = 3
const variablesShownMax = 300

/** On top of all views, for as long as it holds. */
export function WhatIsWrong({ load, showsFrames }: { load: ConfigLoadLine; showsFrames: boolean }) {
  const errors = load.issues.filter(({ severity }) => severity === 'error')
  return (
    <section class="card wrong-config" aria-labelledby="wrong-config">
      <h2 id="wrong-config">
        {countOf(errors.length, 'error')} in the config on disk, read <Time at={load.at} /> by {load.actor}
      </h2>
      <IssueList issues={errors} countMax={wrongShownMax} showsFrames={showsFrames} />
    </section>
  )
}

export function ConfigText({ text, from }: { text: string; from: number }) {
  return <NumberedText text={text} label="the config in force" from={from} href="/config" />
}

export function WarningList({
  warnings,
  from,
  showsFrames,
}: {
  warnings: ConfigIssue[]
  from: number
  showsFrames: boolean
}) {
  if (warnings.length === 0) {
    return (
      <EmptyState title="Nothing to warn of">
        <p>What is allowed but hardly meant would stand here: routes that never run, names nothing uses, and more.</p>
      </EmptyState>
    )
  }
  const { shown, next } = sliceList(warnings, from, ({ frame, message }) => 600 + (frame ?? '').length + message.length)
  return (
    <>
      <IssueList issues={shown} countMax={shown.length} showsFrames={showsFrames} />
      <More href="/config/warnings" from={from} next={next} label="Warnings" />
      <p class="dim">
        A comment <code># mailtrigger-ignore: the-code</code> on the line, or the one above, puts a warning aside.
      </p>
    </>
  )
}

const variableLooks = {
  set: { tone: 'good', icon: 'check' },
  empty: { tone: 'warn', icon: 'warning' },
  unset: { tone: 'quiet', icon: 'circle' },
} as const satisfies Record<string, { tone: Tone; icon: IconName }>

/** What the environment gives to the config: never what it holds. */
export function Variables({ state: { variables, changed } }: { state: ConfigState }) {
  if (variables === null) {
    return (
      <EmptyState title="The files cannot be read any more">
        <p>The config in force stands; which variables its files named is not known without them.</p>
      </EmptyState>
    )
  }
  if (variables.length === 0) {
    return (
      <EmptyState title="The config takes nothing from the environment">
        <p>
          Write <code>${'{NAME}'}</code> in place of a secret, and set the variable where the server is started.
        </p>
      </EmptyState>
    )
  }
  const left = variables.length - variablesShownMax
  return (
    <>
      {changed ? <p class="note">As the files name them now; they were changed since they were loaded.</p> : null}
      <DataTable
        caption="Variables of the environment that the config uses"
        columns={[
          { title: 'Variable', look: 'wide', cell: ({ name }) => <code>{name}</code> },
          { title: 'State', look: 'narrow', cell: ({ state }) => <Badge {...variableLooks[state]}>{state}</Badge> },
        ]}
        rows={variables.slice(0, variablesShownMax)}
      />
      {left > 0 ? <p class="dim">and {left} more</p> : null}
      <p class="dim">One that is not set has a default where it is used, or the config would be refused.</p>
    </>
  )
}

/** Each time it was read, and what came of it. */
export function History({ page, url, showsFrames }: { page: Page<ConfigLoadLine>; url: URL; showsFrames: boolean }) {
  if (page.items.length === 0) {
    return (
      <EmptyState title="No more loads">
        <p>Each start with another config, and each reload, is kept here: the last 200.</p>
      </EmptyState>
    )
  }
  return (
    <>
      <DataTable
        caption="How the config was read, newest first"
        columns={[
          { title: 'Read', look: 'narrow', cell: ({ at }) => <Time at={at} /> },
          { title: 'By', cell: ({ actor }) => actor },
          {
            title: 'What came of it',
            look: 'wide',
            cell: (load) => <LoadView load={load} showsFrames={showsFrames} />,
          },
        ]}
        rows={page.items}
      />
      <Pager url={url} nextCursor={page.next_cursor} />
    </>
  )
}

function LoadView({ load, showsFrames }: { load: ConfigLoadLine; showsFrames: boolean }) {
  const { hash, routes, issues } = load
  const errors = issues.filter(({ severity }) => severity === 'error')
  const told = hash === null ? errors : issues
  const count = hash === null ? countOf(errors.length, 'error') : countOf(issues.length, 'warning')
  return (
    <>
      {hash === null ? (
        <Badge tone="bad" icon="cross">
          refused
        </Badge>
      ) : (
        <>
          <Badge tone="good" icon="check">
            in force
          </Badge>{' '}
          <code>{hash}</code>, {countOf(routes ?? 0, 'route')}
        </>
      )}
      {told.length > 0 ? (
        <Fold title={count} isOpen={hash === null}>
          <IssueList issues={told} countMax={issuesPerLoadMax} showsFrames={showsFrames} />
        </Fold>
      ) : null}
    </>
  )
}
