import type Database from 'better-sqlite3'
import type { LinkCode, StoredAddress, StoredPerson } from '../../domain/stored-person.js'

/** What people entered of people, and the codes to link by. Functions that write run inside the caller's transaction. */
export function prepareStoredPeople(database: Database.Database) {
  const selectAll = database.prepare<[], PersonRow>('SELECT * FROM stored_people ORDER BY address')
  const selectOne = database.prepare<[string], PersonRow>('SELECT * FROM stored_people WHERE address = ?')
  const save = database.prepare(
    `INSERT INTO stored_people (address, name, manager, channels, changed_at, changed_by)
     VALUES (@address, @name, @manager, @channels, @changedAt, @changedBy)
     ON CONFLICT (address) DO UPDATE SET name = excluded.name, manager = excluded.manager,
       channels = excluded.channels, changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
  )
  const remove = database.prepare<[string]>('DELETE FROM stored_people WHERE address = ?')
  const saveCode = database.prepare(
    `INSERT OR REPLACE INTO link_codes (digest, person, channel, created_by, expires_at)
     VALUES (@digest, @person, @channel, @createdBy, @expiresAt)`,
  )
  const selectCodes = database.prepare<[number], CodeRow>(
    'SELECT * FROM link_codes WHERE expires_at > ? ORDER BY person, channel',
  )
  const selectCode = database.prepare<[string, number], CodeRow>(
    'SELECT * FROM link_codes WHERE digest = ? AND expires_at > ?',
  )
  const removeCode = database.prepare<[string]>('DELETE FROM link_codes WHERE digest = ?')
  const removeOver = database.prepare<[number]>('DELETE FROM link_codes WHERE expires_at <= ?')
  const removeCodesOf = database.prepare<[string]>('DELETE FROM link_codes WHERE person = ?')

  const savePerson = (person: StoredPerson): void => {
    save.run({ ...person, channels: JSON.stringify(person.channels) })
  }
  return {
    list: (): StoredPerson[] => selectAll.all().map(toPerson),
    save(person: StoredPerson, before: number | null): boolean {
      if ((selectOne.get(person.address)?.changed_at ?? null) !== before) return false
      savePerson(person)
      return true
    },
    remove(address: string): boolean {
      removeCodesOf.run(address)
      return remove.run(address).changes > 0
    },
    saveCode: (code: LinkCode): void => void saveCode.run(code),
    listCodes: (now: number): LinkCode[] => selectCodes.all(now).map(toCode),
    useCode({ digest, channels, address, now }: CodeUse): LinkCode | null {
      removeOver.run(now)
      const row = selectCode.get(digest, now)
      if (!row || !channels.includes(row.channel)) return null
      removeCode.run(digest)
      const code = toCode(row)
      const kept = selectOne.get(code.person)
      const person = kept ? toPerson(kept) : { address: code.person, name: null, manager: null, channels: {} }
      const linked: StoredAddress = { address, by: 'link', at: now }
      savePerson({
        ...person,
        channels: { ...person.channels, [code.channel]: linked },
        // Later than what was there, so that nobody who read that takes it for this.
        changedAt: Math.max(now, (kept?.changed_at ?? 0) + 1),
        changedBy: code.person,
      })
      return code
    },
  }
}

interface CodeUse {
  digest: string
  channels: string[]
  address: string
  now: number
}

interface PersonRow {
  address: string
  name: string | null
  manager: string | null
  channels: string
  changed_at: number
  changed_by: string
}

interface CodeRow {
  digest: string
  person: string
  channel: string
  created_by: string
  expires_at: number
}

function toPerson(row: PersonRow): StoredPerson {
  return {
    address: row.address,
    name: row.name,
    manager: row.manager,
    channels: JSON.parse(row.channels) as Record<string, StoredAddress>,
    changedAt: row.changed_at,
    changedBy: row.changed_by,
  }
}

function toCode(row: CodeRow): LinkCode {
  const { digest, person, channel } = row
  return { digest, person, channel, createdBy: row.created_by, expiresAt: row.expires_at }
}
