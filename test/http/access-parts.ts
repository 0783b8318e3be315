import { Hono } from 'hono'
import { Registry } from 'prom-client'
import type { ApiParts } from '#src/http/api.js'
import type { CallerEnv } from '#src/http/identity/require-identity.js'

/** Whoever asks is the admin, and a proxy on this machine is believed: for tests of what comes after signing in. */
export const accessParts: Pick<
  ApiParts,
  'identify' | 'isTrustedProxy' | 'identityRoutes' | 'consoleRoutes' | 'counted' | 'url'
> = {
  identify: () => ({ name: 'api', role: 'admin', by: 'local' }),
  isTrustedProxy: (address) => /^(?:127\.|::1$|::ffff:127\.)/.test(address),
  identityRoutes: new Hono<CallerEnv>(),
  consoleRoutes: new Hono<CallerEnv>(),
  counted: new Registry(),
  url: () => 'http://127.0.0.1',
}
