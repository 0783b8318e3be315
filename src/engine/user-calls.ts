import type { ConsoleUser } from '../domain/credentials.js'
import { ApiError } from '../domain/errors.js'
import type { Role } from '../domain/identity.js'
import { checkName } from './check-name.js'
import type { Engine } from './engine.js'
import type { Passwords } from './password.js'

/** Somebody who may sign in, as the API and the commands show them. */
export interface UserLine {
  name: string
  role: Role
  created_at: string
  changed_at: string
}

export interface NewUser {
  name: string
  role: Role
  password: string
}

export interface UserChange {
  role?: Role | undefined
  password?: string | undefined
}

const usersMax = 1_000
const passwordLengthMin = 10
const passwordLengthMax = 1_024

/** What may be asked about who signs in to the console. Rejects with `ApiError`; nothing of it tells a password. */
export function offerUserCalls({ store, audit, now }: Engine, passwords: Passwords) {
  async function create({ name, role, password }: NewUser, actor: string, onlyIfFirst: boolean): Promise<UserLine> {
    const given = checkName(name, 'a user')
    checkNewPassword(password, given)
    if ((await store.countUsers()) >= usersMax) {
      throw new ApiError(409, 'too_many', `there are ${usersMax} users already`)
    }
    const at = now()
    const user = { name: given, role, passwordHash: await passwords.hash(password), createdAt: at, changedAt: at }
    if (!(await store.createUser(user, { onlyIfFirst }))) {
      const message = onlyIfFirst ? 'there is a user already' : `there is a user "${given}" already`
      throw new ApiError(409, 'exists', message, 'mailtrigger users list shows them')
    }
    await audit(actor, 'user.create', [given], { role })
    return describeUser(user)
  }

  const calls = {
    listUsers: async (): Promise<UserLine[]> => (await store.listUsers()).map(describeUser),
    countUsers: () => store.countUsers(),
    addUser: (user: NewUser, actor: string): Promise<UserLine> => create(user, actor, false),
    /** The first one, an admin; 409 when there is any. */
    addFirstUser: (user: Omit<NewUser, 'role'>, actor: string): Promise<UserLine> =>
      create({ ...user, role: 'admin' }, actor, true),
    /** Whoever is signed in as the user is out, but the session `keepSession`, which may be the one that asks. */
    async setUserPassword(name: string, password: string, keepSession: string | null, actor: string): Promise<void> {
      checkNewPassword(password, name)
      const passwordHash = await passwords.hash(password)
      if (!(await store.saveUserPassword({ name, passwordHash, keepSession, now: now() }))) throw unknownUser(name)
      await audit(actor, 'user.password', [name], {})
    },
    async setUserRole(name: string, role: Role, actor: string): Promise<UserLine> {
      const before = await store.readUser(name)
      const outcome = await store.saveUserRole(name, role, now())
      const after = await store.readUser(name)
      if (!before || !after || outcome === 'missing') throw unknownUser(name)
      if (outcome === 'last_admin') throw lastAdmin(name)
      await audit(actor, 'user.role', [name], { from: before.role, to: role })
      return describeUser(after)
    },
    /** Both or one of them; a refused role changes no password. */
    async changeUser(name: string, change: UserChange, actor: string): Promise<UserLine> {
      const { role, password } = change
      if (password !== undefined) checkNewPassword(password, name)
      if (role !== undefined) await calls.setUserRole(name, role, actor)
      if (password !== undefined) await calls.setUserPassword(name, password, null, actor)
      const user = await store.readUser(name)
      if (!user) throw unknownUser(name)
      return describeUser(user)
    },
    async deleteUser(name: string, actor: string): Promise<void> {
      const outcome = await store.deleteUser(name)
      if (outcome === 'missing') throw unknownUser(name)
      if (outcome === 'last_admin') throw lastAdmin(name)
      await audit(actor, 'user.delete', [name], {})
    },
  }
  return calls
}

function checkNewPassword(password: string, name: string): void {
  const refuse = (message: string): never => {
    throw new ApiError(400, 'weak_password', message)
  }
  const { length } = [...password.normalize('NFKC')]
  if (length < passwordLengthMin) refuse(`a password has at least ${passwordLengthMin} characters`)
  if (length > passwordLengthMax) refuse(`a password has at most ${passwordLengthMax} characters`)
  if (new Set(password).size < 4) refuse('a password has at least four different characters')
  if (password.toLowerCase().includes(name.toLowerCase()) && length < name.length + passwordLengthMin) {
    refuse('this password is hardly more than the name')
  }
}

function unknownUser(name: string): ApiError {
  return new ApiError(404, 'not_found', `there is no user "${name}"`, 'mailtrigger users list shows them')
}

function lastAdmin(name: string): ApiError {
  const hint = 'make somebody else an admin first'
  return new ApiError(409, 'last_admin', `"${name}" is the only admin, and one has to be left`, hint)
}

function describeUser({ name, role, createdAt, changedAt }: ConsoleUser): UserLine {
  return {
    name,
    role,
    created_at: new Date(createdAt).toISOString(),
    changed_at: new Date(changedAt).toISOString(),
  }
}
