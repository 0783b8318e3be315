import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Aedes } from 'aedes'
import { type OwnVendor, textsOf } from './vendor.js'

/** A broker that knows one user, who may publish below `alerts/`. */
export const mqtt: OwnVendor = {
  kind: 'mqtt',
  address: 'alerts/tim',
  async start() {
    const shown: string[] = []
    const broker = await Aedes.createBroker({
      authenticate: (_client, user, password, done) => {
        const isKnown = user === 'gateway' && String(password) === 'CANARY-password'
        // 5 is "not authorized" (MQTT 3.1.1 section 3.2.2.3).
        done(isKnown ? null : Object.assign(new Error('not authorized'), { returnCode: 5 }), isKnown)
      },
      authorizePublish: (_client, { topic, payload }, done) => {
        if (!topic.startsWith('alerts/')) return done(new Error('not below alerts/'))
        shown.push(textsOf(JSON.parse(String(payload))))
        done(null)
      },
    })
    const server = createServer(broker.handle)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return {
      settings: { url: `mqtt://127.0.0.1:${port}`, username: 'gateway', password: 'CANARY-password' },
      shown: () => shown,
      changes: {},
      async stop() {
        await new Promise<void>((resolve) => broker.close(resolve))
        server.close()
        await once(server, 'close')
      },
    }
  },
}
