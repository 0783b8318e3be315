import type { Config } from '../domain/config.js'
import type { Finding } from '../domain/finding.js'
import { createDatabaseCheck } from './database-check.js'
import type { Engine } from './engine.js'
import { examineDns } from './examine-dns.js'
import { examineChannels, examineClock, examineLoad, examineQueue } from './examine-gateway.js'
import { closeFolder, examineCertificate, examineDisk, examineFolder, examineNames } from './examine-machine.js'

export interface Diagnosis {
  findings: Finding[]
  /** The database is being looked at: ask again. */
  is_running: boolean
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** What may be asked about the gateway's own health. */
export function offerDoctorCalls({ store, current, audit, now }: Engine) {
  const database = createDatabaseCheck(current().config.server.dataFolder, now)

  async function diagnose(): Promise<Diagnosis> {
    const { config, warnings, stored } = current()
    const { server } = config
    const at = now()
    const [stats, heartbeat, loads, points, ofDns, ...ofMachine] = await Promise.all([
      store.readStats(at),
      store.readHeartbeat(),
      store.listConfigLoads({ limit: 1 }),
      store.readSeries({ from: at - dayMs, to: at, stepMs: hourMs, scope: 'channel' }),
      examineDns(server.smtp.senderAuth),
      examineFolder(server.dataFolder),
      examineDisk(server),
      examineCertificate(server, at),
      examineNames(listUrls(config)),
    ])
    const channels = Object.keys(config.channels).map((name) => ({ name, problem: stored.get(name)?.problem ?? null }))
    const { is_running, ...ofDatabase } = database.read()
    return {
      is_running,
      findings: [
        examineLoad(loads.items[0], warnings.length),
        examineChannels(channels, stats.pauses, points),
        examineQueue(stats, at),
        examineClock(heartbeat, at),
        ...ofMachine,
        ...ofDns,
        ofDatabase,
      ],
    }
  }

  return {
    diagnose,
    stopDatabaseCheck: () => database.stop(),
    /** Begins to look at the whole database, which may take minutes; `diagnose` says what came of it. */
    async startDatabaseCheck(actor: string): Promise<void> {
      database.start()
      await audit(actor, 'doctor.database', [], {})
    },
    /** Mends what can be mended without asking; how many files that were. */
    async mend(actor: string): Promise<number> {
      const files = await closeFolder(current().config.server.dataFolder)
      if (files > 0) await audit(actor, 'doctor.fix', [], { files })
      return files
    },
  }
}

/** Of what the config calls, where that is in it: the vendors of most channels are not. */
export function listUrls({ lookups, llm, channels }: Pick<Config, 'lookups' | 'llm' | 'channels'>): string[] {
  const ofLookups = Object.values(lookups).flatMap((lookup) => ('url' in lookup ? [String(lookup.url)] : []))
  const ofChannels = Object.values(channels).flatMap(({ settings }) => Object.values(Object(settings)))
  return [...ofLookups, llm?.baseUrl, ...ofChannels].filter(
    (value): value is string => typeof value === 'string' && /^https?:\/\//.test(value),
  )
}
