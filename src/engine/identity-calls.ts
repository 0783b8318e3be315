import type { Engine } from './engine.js'
import { createPasswords } from './password.js'
import { offerSessionCalls } from './session-calls.js'
import { offerSignInCalls } from './sign-in-calls.js'
import { offerTokenCalls } from './token-calls.js'
import { offerUserCalls } from './user-calls.js'

/** What may be asked about who uses the API and the console. */
export function offerIdentityCalls(engine: Engine) {
  const passwords = createPasswords()
  const { startSession, ...sessions } = offerSessionCalls(engine)
  return {
    ...offerTokenCalls(engine),
    ...offerUserCalls(engine, passwords),
    ...sessions,
    ...offerSignInCalls(engine, passwords, startSession),
  }
}
