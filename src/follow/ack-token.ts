import { createHmac, timingSafeEqual } from 'node:crypto'

/** How long a link in a message acknowledges. */
export const ackLinkMs = 7 * 86_400_000
/** 128 bits: more is not guessed either, and a button of Telegram carries 64 bytes in all. */
const buttonMacBytes = 16

/** What a link tells: for which delivery, unless it is forged (null) or too old. */
export type AckLink = { deliveryId: string; isExpired: boolean } | null

/**
 * `<deliveryId>.<expiry base36>.<mac>`: whoever holds it may acknowledge the alert once, and nothing else. It is signed
 * and not kept: the store knows whether the alert was acknowledged, so a second use finds that it was.
 * @param expiresAt milliseconds since the epoch
 */
export function signAckLink(key: Uint8Array, deliveryId: string, expiresAt: number): string {
  const signed = `${deliveryId}.${Math.ceil(expiresAt / 1_000).toString(36)}`
  return `${signed}.${macOf(key, 'ack-link', signed).toString('base64url')}`
}

/** @param keys any of them may have signed it */
export function readAckLink(keys: readonly Uint8Array[], token: string, now: number): AckLink {
  const found = /^([0-9A-Z]{26})\.([0-9a-z]{1,9})\.([\w-]{43})$/.exec(token)
  if (!found) return null
  const [, deliveryId = '', expiry = '', mac = ''] = found
  if (!keys.some((key) => isEqual(mac, macOf(key, 'ack-link', `${deliveryId}.${expiry}`)))) return null
  return { deliveryId, isExpired: Number.parseInt(expiry, 36) * 1_000 <= now }
}

/** `ack:<deliveryId>.<mac>`, 53 bytes: a button is pressed where the message is, so it needs no expiry. */
export function signAckButton(key: Uint8Array, deliveryId: string): string {
  return `ack:${deliveryId}.${buttonMac(key, deliveryId).toString('base64url')}`
}

/**
 * The delivery whose button it is; null for a forged one.
 * @param keys any of them may have signed it
 */
export function readAckButton(keys: readonly Uint8Array[], data: string): string | null {
  const found = /^ack:([0-9A-Z]{26})\.([\w-]{22})$/.exec(data)
  if (!found) return null
  const [, deliveryId = '', mac = ''] = found
  return keys.some((key) => isEqual(mac, buttonMac(key, deliveryId))) ? deliveryId : null
}

/** What a vendor has to say to our hook for a channel: letters, digits, `-` and `_` only, as Telegram wants it. */
export function signHookSecret(key: Uint8Array, channel: string): string {
  return macOf(key, 'hook', channel).toString('base64url')
}

function buttonMac(key: Uint8Array, deliveryId: string): Buffer {
  return macOf(key, 'ack-button', deliveryId).subarray(0, buttonMacBytes)
}

/** The purpose is signed as well, so that what is good for one thing is good for no other. */
function macOf(key: Uint8Array, purpose: string, signed: string): Buffer {
  return createHmac('sha256', key).update(`${purpose}\0${signed}`).digest()
}

/**
 * Compares what was given letter by letter, not what it decodes to: the last letter of base64 has bits to spare, and a
 * signature is to have one spelling.
 */
function isEqual(given: string, mac: Buffer): boolean {
  const wanted = Buffer.from(mac.toString('base64url'))
  const seen = Buffer.from(given)
  return seen.length === wanted.length && timingSafeEqual(seen, wanted)
}
