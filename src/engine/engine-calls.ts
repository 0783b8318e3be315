import type { ServerSettings } from '../domain/config.js'
import type { ConfigIssue } from '../domain/errors.js'
import { asksBeforeSaving, offerAdmission } from './admit.js'
import { offerAlertCalls } from './alert-calls.js'
import { offerChannelCalls } from './channel-calls.js'
import { offerConfigCalls, reloadAndRecord } from './config-calls.js'
import { offerDeliveryCalls } from './delivery-calls.js'
import { offerDoctorCalls } from './doctor-calls.js'
import { offerDoorCalls } from './door-calls.js'
import { offerDraftCalls } from './draft-calls.js'
import { offerDraftFileCalls } from './draft-file-calls.js'
import type { Engine } from './engine.js'
import { offerGuestDetailCalls } from './guest-detail-calls.js'
import { offerIdentityCalls } from './identity-calls.js'
import { offerJobCalls } from './job-calls.js'
import { offerLlmUseCalls } from './llm-use-calls.js'
import { offerMailCalls } from './mail-calls.js'
import { offerMailContent } from './mail-content.js'
import { offerModuleCalls } from './module-calls.js'
import { offerNearMissCalls } from './near-misses.js'
import { offerPeopleCalls } from './people-calls.js'
import { offerRouteCalls } from './route-calls.js'
import { offerRouteTestCalls } from './route-test-calls.js'
import { offerSavedSearchCalls } from './saved-search-calls.js'
import { offerSeriesCalls } from './series-calls.js'
import { offerSilenceCalls } from './silence-calls.js'
import { offerStoredChannelCalls } from './stored-channel-calls.js'
import { offerWatchCalls } from './watch-calls.js'

/**
 * What the main thread, and through it the API, may ask of the engine thread. Everything is structured-cloneable. Calls
 * that change something for a person take an `actor` last: who is recorded to have done it.
 */
export type EngineCalls = ReturnType<typeof offerEngineCalls>

/** What the main thread has to know of the config to open the doors. */
export interface EngineInfo {
  hash: string
  files: string[]
  /** What to watch for changes: config files and folders, and the actions' modules. */
  watched: string[]
  hostname: string
  /** See `Foundation.instance`. */
  instance: string
  server: ServerSettings
  routes: number
  /** Must `admitMail` be asked about mails that come by SMTP, before they are saved? */
  asksBeforeSaving: boolean
  warnings: ConfigIssue[]
}

export function offerEngineCalls(engine: Engine) {
  const { stopDatabaseCheck, ...doctorCalls } = offerDoctorCalls(engine)
  const info = async (): Promise<EngineInfo> => describe(engine)
  return {
    ...offerMailCalls(engine),
    ...offerAdmission(engine),
    ...offerMailContent(engine),
    ...offerAlertCalls(engine),
    ...offerDeliveryCalls(engine),
    ...offerDoorCalls(engine),
    ...offerChannelCalls(engine),
    ...offerStoredChannelCalls(engine),
    ...offerPeopleCalls(engine),
    ...offerSilenceCalls(engine),
    ...offerWatchCalls(engine),
    ...offerModuleCalls(engine),
    ...offerNearMissCalls(engine),
    ...offerRouteCalls(engine),
    ...offerRouteTestCalls(engine),
    ...offerDraftCalls(engine),
    ...offerDraftFileCalls(engine),
    ...doctorCalls,
    ...offerSavedSearchCalls(engine),
    ...offerSeriesCalls(engine),
    ...offerLlmUseCalls(engine),
    ...offerJobCalls(engine),
    ...offerGuestDetailCalls(engine),
    ...offerIdentityCalls(engine),
    ...offerConfigCalls(engine),
    info,
    async reload(actor: string): Promise<EngineInfo> {
      await reloadAndRecord(engine, actor)
      return info()
    },
    readStats: () => engine.store.readStats(engine.now()),
    stop: () => {
      stopDatabaseCheck()
      return engine.stop()
    },
  }
}

function describe({ current, instance }: Pick<Engine, 'current' | 'instance'>): EngineInfo {
  const { config, warnings } = current()
  const routes = config.routes.length
  const { hash, files, hostname, server } = config
  const modules = [...Object.values(config.actions), ...Object.values(config.jobs)].map(({ module }) => module)
  const watched = [...files, ...modules]
  const asks = asksBeforeSaving({ config })
  return { hash, files, watched, hostname, instance, server, routes, asksBeforeSaving: asks, warnings }
}
