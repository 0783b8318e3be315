import { randomBytes } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import { connect } from 'node:tls'
import type { IClientOptions, MqttClient } from 'mqtt'

export interface MqttBroker {
  /** A name, or an address without brackets. */
  host: string
  port: number
  tls: boolean
  version: 4 | 5
  verifiesTls: boolean
  /** Certificates to trust instead of the system's, PEM. */
  ca: string | null
  login: { user: string; password: string | null } | null
}

export interface MqttPacket {
  topic: string
  payload: string
  qos: 0 | 1 | 2
  retain: boolean
}

export type PublishResult =
  | { ok: true }
  | {
      ok: false
      /** Where it ended. After `publish` the broker may have it; without `library` the package is not installed. */
      stage: 'library' | 'connect' | 'publish'
      /** The broker's reason (MQTT 5 section 2.4, MQTT 3.1.1 section 3.2.2.3), or null when it gave none. */
      code: number | null
      text: string
    }

const connectMs = 10_000
/** A broker that does not hang up after our goodbye is left. */
const closeMs = 2_000

/**
 * Publishes one packet over a connection of its own, under a random client id: two connections with the same would end
 * each other. With QoS 0 it is done when the packet is written, otherwise when the broker has confirmed it. Throws what
 * `openSocket` throws.
 */
export async function publishMqtt(
  broker: MqttBroker,
  packet: MqttPacket,
  openSocket: () => Promise<Socket>,
  signal: AbortSignal,
): Promise<PublishResult> {
  const mqtt = await loadLibrary()
  if (mqtt === null) return { ok: false, stage: 'library', code: null, text: 'the package mqtt is not installed' }
  if (signal.aborted) return { ok: false, stage: 'connect', code: null, text: 'the attempt was ended' }
  const socket = await openSocket()
  const client = new mqtt.MqttClient(() => (broker.tls ? secure(socket, broker) : socket), optionsFor(broker))
  return publishOver(client, packet, signal)
}

/** The certificate has to be the host's, whatever address the name resolved to. */
function secure(socket: Socket, { host, verifiesTls, ca }: MqttBroker): Socket {
  return connect({
    socket,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: verifiesTls,
    ...(ca === null ? {} : { ca }),
  })
}

/** An optional package: who does not use MQTT need not have it. */
async function loadLibrary(): Promise<typeof import('mqtt') | null> {
  try {
    return await import('mqtt')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return null
    throw error
  }
}

function optionsFor({ version, login }: MqttBroker): IClientOptions {
  return {
    protocolVersion: version,
    clientId: `mailtrigger-${randomBytes(5).toString('hex')}`,
    clean: true,
    // Whether there is another attempt is decided by the delivery loop.
    reconnectPeriod: 0,
    connectTimeout: connectMs,
    ...(login === null ? {} : { username: login.user }),
    ...(login === null || login.password === null ? {} : { password: login.password }),
  }
}

function publishOver(client: MqttClient, packet: MqttPacket, signal: AbortSignal): Promise<PublishResult> {
  return new Promise((resolve) => {
    let stage: 'connect' | 'publish' = 'connect'
    const settle = (result: PublishResult) => {
      signal.removeEventListener('abort', abort)
      hangUp(client, result.ok)
      resolve(result)
    }
    const fail = (error: Error & { code?: unknown }) => {
      settle({
        ok: false,
        stage,
        code: typeof error.code === 'number' ? error.code : null,
        text: `MQTT: ${describe(error)}`,
      })
    }
    const abort = () => fail(new Error('the attempt was ended'))
    signal.addEventListener('abort', abort, { once: true })
    // Stays for good: an error after the end changes nothing any more.
    client.on('error', fail)
    client.once('close', () => fail(new Error('the broker closed the connection')))
    client.once('connect', () => {
      stage = 'publish'
      const { topic, payload, qos, retain } = packet
      client.publish(topic, payload, { qos, retain }, (error) => {
        if (error) fail(error)
        else settle({ ok: true })
      })
    })
  })
}

function hangUp(client: MqttClient, politely: boolean): void {
  const timer = setTimeout(() => client.stream.destroy(), closeMs)
  client.end(!politely, () => clearTimeout(timer))
}

/** Errors of several addresses of one host have their words inside. */
function describe(error: Error): string {
  const [first] = error instanceof AggregateError ? error.errors : []
  return error.message || (first instanceof Error ? first.message : error.name)
}
