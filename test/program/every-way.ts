import { channelKinds } from '#src/channels/index.js'
import { startSmtpSink } from '../stand-ins/smtp-sink.js'
import { startTelegram } from '../stand-ins/telegram.js'
import { vendors } from '../stand-ins/vendors/index.js'
import { type OwnVendor, startVendor, type Vendor } from '../stand-ins/vendors/vendor.js'
import { webpushAt } from '../stand-ins/vendors/webpush.js'
import type { SinkRequest } from '../stand-ins/webhook-sink.js'

/** A channel of the program and what is at its other end. */
export interface Way {
  /** The channel's name: the kind, and which of its ways where it has several. */
  name: string
  kind: string
  settings: Record<string, unknown>
  /** What `people` have for it; null when it has a place of its own, or reaches people at their mail address. */
  address: string | null
  /** What readers got; null when that is kept in the program itself. */
  shown: (() => string[] | Promise<string[]>) | null
  refused: () => string[]
  /** What came over the wire, as text, in order; empty when nothing is kept of it. */
  wire: () => string[]
  stop: () => Promise<void>
}

/** Kinds of THE list that nobody stands in for. */
export const kindsWithoutVendor = channelKinds
  .map(({ kind }) => kind)
  .filter((kind) => !vendors.some((vendor) => vendor.kind === kind))

/** One channel for every vendor: each kind at least once. */
export function startWays(): Promise<Way[]> {
  return Promise.all(vendors.map(startWay))
}

function startWay(vendor: Vendor | OwnVendor): Promise<Way> {
  const name = vendor.variant === undefined ? vendor.kind : `${vendor.kind}_${vendor.variant}`
  const way = { name, kind: vendor.kind, address: vendor.address }
  switch (vendor.kind) {
    case 'telegram':
      return startTelegramWay(way)
    case 'email':
      return startEmailWay({ ...way, address: null })
    case 'inbox':
    case 'log':
      return Promise.resolve(keptInProgram({ ...way, address: null }))
    case 'webpush':
      // The program has the clock of the machine, so the push service needs it, too.
      return startVendorWay(way, webpushAt(Date.now))
    default:
      return startVendorWay(way, vendor)
  }
}

type WayName = Pick<Way, 'name' | 'kind' | 'address'>

async function startVendorWay(way: WayName, vendor: Vendor | OwnVendor): Promise<Way> {
  const { settings, shown, refused, requests, stop } = await startVendor(vendor)
  return { ...way, settings, shown, refused, wire: () => requests.map(dumpRequest), stop }
}

async function startTelegramWay(way: WayName): Promise<Way> {
  const api = await startTelegram()
  return {
    ...way,
    settings: { bot_token: '123456:CANARY-secret_token', base_url: api.url },
    shown: () => api.shown().map(({ text }) => text),
    refused: () => api.calls.filter(({ status }) => status !== 200).map(({ method, status }) => `${method} ${status}`),
    wire: () =>
      api.calls.map(({ token, method, payload }) =>
        dumpJson('POST', `/bot${token}/${method}`, JSON.stringify(payload)),
      ),
    stop: api.stop,
  }
}

async function startEmailWay(way: WayName): Promise<Way> {
  const smtp = await startSmtpSink({ extensions: ['PIPELINING', '8BITMIME', 'AUTH PLAIN'] })
  return {
    ...way,
    settings: { host: smtp.host, port: smtp.port, starttls: 'off', user: 'gateway', password: 'CANARY-password' },
    shown: () => smtp.mails.map(({ raw }) => raw),
    refused: () => [],
    wire: () => smtp.mails.map(({ raw }) => raw),
    stop: smtp.stop,
  }
}

function keptInProgram(way: WayName): Way {
  return { ...way, settings: {}, shown: null, refused: () => [], wire: () => [], stop: async () => {} }
}

export function dumpRequest({ method, path, body }: SinkRequest): string {
  return dumpJson(method, path, body)
}

/** The request as one may write it down: no header but what the body is, and JSON in lines. */
function dumpJson(method: string, path: string, json: string): string {
  return `${method} ${path}\ncontent-type: application/json\n\n${JSON.stringify(JSON.parse(json), null, 2)}\n`
}
