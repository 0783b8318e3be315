import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { ListenAddress } from '../domain/smtp-settings.js'
import { type ApiParts, createApi } from './api.js'

export interface HttpListener {
  address: ListenAddress
  url: string
  stop: () => Promise<void>
}

/** Listens for the API. Port 0 takes a free one; the answer says which. */
export async function startHttp(listen: ListenAddress, parts: ApiParts): Promise<HttpListener> {
  const server = createAdaptorServer({ fetch: createApi(parts).fetch })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen.port, listen.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port } = server.address() as AddressInfo
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
  return {
    address: { host: listen.host, port },
    url: `http://${host}:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}
