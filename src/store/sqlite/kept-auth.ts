import type { RawMail, SenderAuth } from '../../domain/mail.js'

/** Who sent a mail, as the column `auth` has it: NULL where nobody asked yet. */
export function writeAuth(auth: SenderAuth | null | undefined): string | null {
  return auth === undefined ? null : JSON.stringify(auth)
}

export function readAuth(kept: string | null): Pick<RawMail, 'auth'> {
  return kept === null ? {} : { auth: JSON.parse(kept) as SenderAuth | null }
}
