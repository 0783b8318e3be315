/** What somebody may do: read; act on what is there; change how the gateway works. Each may do all before it. */
export const roles = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

/** Who asks, as far as the server could make sure. */
export interface Identity {
  /** The name of the user or of the token: for the audit log. */
  name: string
  role: Role
  /** `local` is the token in the data folder, which only the owner of the process can read. */
  by: 'local' | 'token' | 'session' | 'proxy'
}

export function mayActAs(identity: Identity, role: Role): boolean {
  return roles.indexOf(identity.role) >= roles.indexOf(role)
}
