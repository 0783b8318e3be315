/** Searches that people keep for themselves, under a name. */
export interface SavedSearchStore {
  /** By name. */
  listSavedSearches: (owner: string) => Promise<SavedSearch[]>
  /** Makes it, or replaces the one of its name. False when the owner has `countMax` others. */
  saveSearch: (owner: string, search: SavedSearch, countMax: number) => Promise<boolean>
  deleteSavedSearch: (owner: string, name: string) => Promise<boolean>
}

export interface SavedSearch {
  name: string
  /** In the language of `src/domain/mail-query.ts`. */
  search: string
}
