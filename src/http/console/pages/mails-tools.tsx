import { Hono } from 'hono'
import { z } from 'zod'
import { savedNameLengthMax } from '../../../engine/saved-search-calls.js'
import type { SavedSearch } from '../../../store/saved-search-store.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { Icon } from '../elements/icon.js'
import { done } from '../flash.js'
import { readForm } from '../read-form.js'
import { exportRowsMax } from './mails-export.js'
import type { MountPage } from './page.js'

const saveForm = z.object({ name: z.string().max(savedNameLengthMax), search: z.string().max(500) })
const deleteForm = z.object({ name: z.string().max(savedNameLengthMax), back: z.string().max(500).default('') })

/** Keeping searches and forgetting them. */
export const savedSearchActs: MountPage = ({ calls }) => {
  const app = new Hono<ConsoleEnv>()
  app.post('/mails/searches', async (c) => {
    const actor = actAs(c, 'viewer')
    const saved = await calls.saveSearch(await readForm(c, saveForm), actor)
    return done(c, hrefOf(saved.search), `The search is kept as “${saved.name}”.`)
  })
  app.post('/mails/searches/delete', async (c) => {
    const actor = actAs(c, 'viewer')
    const { name, back } = await readForm(c, deleteForm)
    await calls.deleteSavedSearch(name, actor)
    return done(c, hrefOf(back), `The search “${name}” is forgotten.`)
  })
  return app
}

/** Beside the list: searches that are kept, whether it follows what comes in, and taking it along as a file. */
export function MailTools({
  search,
  saved,
  isLive,
  isWrong,
}: {
  search: string
  saved: SavedSearch[]
  isLive: boolean
  isWrong: boolean
}) {
  const query = search ? `search=${encodeURIComponent(search)}` : ''
  const toggled = [query, isLive ? 'live=off' : ''].filter(Boolean).join('&')
  const and = query ? `&${query}` : ''
  return (
    <div class="mail-tools">
      <SavedSearches search={search} saved={saved} isWrong={isWrong} />
      <a href={toggled ? `/mails?${toggled}` : '/mails'}>
        <Icon name={isLive ? 'pause' : 'pulse'} /> {isLive ? 'Hold the list still' : 'Follow what comes in'}
      </a>
      {isWrong ? null : (
        <span title={`at most ${exportRowsMax} mails, the newest first`}>
          <Icon name="download" /> Export <a href={`/mails/export?format=csv${and}`}>CSV</a>{' '}
          <a href={`/mails/export?format=json${and}`}>JSON</a>
        </span>
      )}
    </div>
  )
}

function SavedSearches({ search, saved, isWrong }: { search: string; saved: SavedSearch[]; isWrong: boolean }) {
  const isNew = search.trim() !== '' && !isWrong && !saved.some((one) => one.search === search.trim())
  if (saved.length === 0 && !isNew) return null
  return (
    <details open={saved.some((one) => one.search === search.trim())}>
      <summary>{saved.length === 0 ? 'Keep this search' : `Kept searches (${saved.length})`}</summary>
      <ul class="saved">
        {saved.map((one) => (
          <li>
            <a href={hrefOf(one.search)} aria-current={one.search === search.trim() ? 'true' : undefined}>
              {one.name}
            </a>
            <code>{cutText(one.search, 80)}</code>
            <form method="post" action="/mails/searches/delete">
              <input type="hidden" name="name" value={one.name} />
              <input type="hidden" name="back" value={search} />
              <button type="submit" class="button">
                Forget
              </button>
            </form>
          </li>
        ))}
      </ul>
      {isNew ? (
        <form method="post" action="/mails/searches" class="keep-search">
          <input type="hidden" name="search" value={search} />
          <label for="saved-name">Keep this search as</label>
          <input type="text" id="saved-name" name="name" required maxlength={savedNameLengthMax} autocomplete="off" />
          <button type="submit" class="button">
            Keep
          </button>
        </form>
      ) : null}
    </details>
  )
}

function hrefOf(search: string): string {
  return search ? `/mails?search=${encodeURIComponent(search)}` : '/mails'
}
