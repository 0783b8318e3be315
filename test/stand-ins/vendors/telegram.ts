import { startTelegram } from '../telegram.js'
import type { OwnVendor } from './vendor.js'

/** The Bot API server of `../telegram.ts`, which keeps what the chats show. Its errors are tested with the channel. */
export const telegram: OwnVendor = {
  kind: 'telegram',
  address: '111:2',
  async start() {
    const api = await startTelegram()
    return {
      settings: { bot_token: '123456:CANARY-secret_token', base_url: api.url },
      shown: () => api.shown().map(({ text, buttons }) => [text, ...buttons.map(({ data }) => data)].join('\n')),
      changes: {},
      stop: api.stop,
    }
  },
}
