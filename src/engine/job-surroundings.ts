import { join } from 'node:path'
import type { Config } from '../domain/config.js'
import type { JobSettings } from '../domain/job.js'
import type { RunSurroundings } from '../jobs/messages.js'

/** What a run of the job may see of the gateway whose store lies in `dataFolder`. */
export function jobSurroundings(
  job: JobSettings,
  config: Config,
  gateway: { dataFolder: string; userAgent: string },
): RunSurroundings {
  return {
    archive: join(gateway.dataFolder, 'mailtrigger.sqlite3'),
    people: Object.values(config.people).map(({ address, name, manager, channels }) => ({
      address,
      name,
      manager,
      channels: Object.keys(channels),
    })),
    groups: Object.keys(config.groups),
    channels: Object.keys(config.channels),
    allowHosts: job.allowHosts,
    network: config.server.network,
    userAgent: gateway.userAgent,
  }
}
