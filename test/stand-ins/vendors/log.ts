import type { ChannelContext } from '#src/domain/channel.js'
import { type OwnVendor, textsOf } from './vendor.js'

export const log: OwnVendor = {
  kind: 'log',
  address: null,
  noAcknowledge: 'nobody is asked by a line of a log',
  async start() {
    const shown: string[] = []
    const log: ChannelContext['log'] = (line, facts) => void shown.push(`${line}\n${textsOf(facts)}`)
    return { settings: {}, shown: () => shown, changes: { log }, stop: async () => {} }
  },
}
