import type Database from 'better-sqlite3'
import type { StoredChannel } from '../../domain/stored-channel.js'

/** Channels made while the server runs. Every function that writes runs inside the caller's transaction. */
export function prepareStoredChannels(database: Database.Database) {
  const selectAll = database.prepare<[], ChannelRow>('SELECT * FROM stored_channels ORDER BY name')
  const selectChangedAt = database.prepare<[string], { changed_at: number }>(
    'SELECT changed_at FROM stored_channels WHERE name = ?',
  )
  const save = database.prepare(
    `INSERT INTO stored_channels (name, kind, settings, sealed_key, sealed_data, created_at, changed_at, changed_by)
     VALUES (@name, @kind, @settings, @sealedKey, @sealedData, @createdAt, @changedAt, @changedBy)
     ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, settings = excluded.settings,
       sealed_key = excluded.sealed_key, sealed_data = excluded.sealed_data,
       changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
  )
  const remove = database.prepare<[string]>('DELETE FROM stored_channels WHERE name = ?')

  return {
    list: (): StoredChannel[] => selectAll.all().map(toChannel),
    /** False, and nothing is written, when one of them is no longer as it was read. */
    save(changes: { channel: StoredChannel; before: number | null }[]): boolean {
      const isSame = changes.every(
        ({ channel, before }) => (selectChangedAt.get(channel.name)?.changed_at ?? null) === before,
      )
      if (!isSame) return false
      for (const { channel } of changes) {
        const { sealed, settings, ...plain } = channel
        const sealing = { sealedKey: sealed?.keyId ?? null, sealedData: sealed?.data ?? null }
        save.run({ ...plain, ...sealing, settings: JSON.stringify(settings) })
      }
      return true
    },
    remove: (name: string): boolean => remove.run(name).changes > 0,
  }
}

interface ChannelRow {
  name: string
  kind: string
  settings: string
  sealed_key: string | null
  sealed_data: string | null
  created_at: number
  changed_at: number
  changed_by: string
}

function toChannel(row: ChannelRow): StoredChannel {
  const isSealed = row.sealed_key !== null && row.sealed_data !== null
  return {
    name: row.name,
    kind: row.kind,
    settings: JSON.parse(row.settings) as Record<string, unknown>,
    sealed: isSealed ? { keyId: row.sealed_key ?? '', data: row.sealed_data ?? '' } : null,
    createdAt: row.created_at,
    changedAt: row.changed_at,
    changedBy: row.changed_by,
  }
}
