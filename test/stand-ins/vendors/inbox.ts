import type { ChannelContext } from '#src/domain/channel.js'
import { type OwnVendor, textsOf } from './vendor.js'

export const inbox: OwnVendor = {
  kind: 'inbox',
  address: 'tim@mailtrigger.app',
  async start() {
    const shown: string[] = []
    const saveToInbox: ChannelContext['saveToInbox'] = async (entry) => `inbox-${shown.push(textsOf(entry))}`
    return { settings: {}, shown: () => shown, changes: { saveToInbox }, stop: async () => {} }
  },
}
