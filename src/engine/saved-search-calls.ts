import { ApiError } from '../domain/errors.js'
import { MailQueryError, parseMailQuery } from '../domain/mail-query.js'
import type { SavedSearch } from '../store/saved-search-store.js'
import type { Engine } from './engine.js'

export const savedSearchesMax = 50
export const savedNameLengthMax = 100

/** Searches that somebody keeps: `actor` sees and changes their own. Rejects with `ApiError`. */
export function offerSavedSearchCalls({ store, audit, now }: Pick<Engine, 'store' | 'audit' | 'now'>) {
  return {
    listSavedSearches: (actor: string): Promise<SavedSearch[]> => store.listSavedSearches(actor),
    /** Makes it, or replaces the one of its name. */
    async saveSearch(given: SavedSearch, actor: string): Promise<SavedSearch> {
      const saved = { name: given.name.trim(), search: given.search.trim() }
      checkSearch(saved, now())
      if (!(await store.saveSearch(actor, saved, savedSearchesMax))) {
        throw new ApiError(409, 'too_many', `you keep ${savedSearchesMax} searches already`, 'delete one of them first')
      }
      await audit(actor, 'search.save', [saved.name], { search: saved.search })
      return saved
    },
    async deleteSavedSearch(name: string, actor: string): Promise<void> {
      if (!(await store.deleteSavedSearch(actor, name))) {
        throw new ApiError(404, 'not_found', `you keep no search "${name}"`)
      }
      await audit(actor, 'search.delete', [name], {})
    },
  }
}

function checkSearch({ name, search }: SavedSearch, now: number): void {
  if (name === '' || name.length > savedNameLengthMax || /\p{Cc}/u.test(name)) {
    throw new ApiError(400, 'bad_request', `a name has 1 to ${savedNameLengthMax} characters`)
  }
  if (search === '') throw new ApiError(400, 'bad_request', 'there is no search to keep')
  try {
    parseMailQuery(search, now)
  } catch (error) {
    if (error instanceof MailQueryError) throw new ApiError(400, 'bad_search', error.message, error.hint)
    throw error
  }
}
