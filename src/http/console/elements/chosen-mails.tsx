import type { Chosen } from '../choose-mails.js'
import { EmptyState } from './card.js'

/** The choice as hidden fields of the form that goes on with it. */
export function ChosenFields({ chosen, until }: { chosen: Chosen; until?: number }) {
  return (
    <>
      <input type="hidden" name="back" value={chosen.back} />
      {chosen.search === undefined ? (
        (chosen.ids ?? []).map((id) => <input type="hidden" name="ids" value={id} />)
      ) : (
        <>
          <input type="hidden" name="search" value={chosen.search} />
          <input type="hidden" name="until" value={String(until ?? '')} />
        </>
      )}
    </>
  )
}

export function NothingChosen() {
  return (
    <EmptyState title="No mail is chosen">
      <p>
        Tick some in <a href="/mails">the list</a>, or search and take all that it finds.
      </p>
    </EmptyState>
  )
}
