import type { Form } from '../domain/channel.js'
import { cutText } from './cut-text.js'
import { composeText } from './dialects/compose-text.js'
import { plainText } from './dialects/plain-text.js'
import type { Outline } from './outline-message.js'

/**
 * Apple and Google carry 4,096 bytes in all (Apple, "Generating a remote notification"; Firebase, "About FCM
 * messages"). JSON writes at most two bytes for one of these, and the services between us and them add their own.
 */
export const noticeTextBytesMax = 1_600
const titleBytesMax = 200
const urlLengthMax = 300
const shortBytesMax = 400

/** A message as a phone's notification: what is shown, and what a tap opens. */
export interface PushNotice {
  title: string
  text: string
  url: string | null
}

export function renderPushNotice(outline: Outline, form: Form): PushNotice {
  const short = form === 'short'
  const max = short ? shortBytesMax : noticeTextBytesMax
  const url = outline.links[0]?.url ?? null
  return {
    title: cutText(`${outline.icon} ${outline.title}`, titleBytesMax, 'bytes'),
    text: composeText(outline, plainText, { max, unit: 'bytes', short, titled: false }),
    url: url !== null && url.length <= urlLengthMax ? url : null,
  }
}
