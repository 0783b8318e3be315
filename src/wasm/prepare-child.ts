/** Entry of the processes that build, check and harden modules: authors' top-level code may loop, modules may be huge. */
import type { PrepareRequest } from './messages.js'
import { prepareModule } from './prepare.js'
import { serveCalls } from './serve-calls.js'

serveCalls(async (payload, { begin }) => {
  begin()
  return JSON.stringify(await prepareModule(payload as PrepareRequest))
})
