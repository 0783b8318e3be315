import type { Message } from '../../../domain/message.js'
import { formatSize } from '../../../domain/units.js'
import { cutText, sizeInPage, sliceList, sliceText } from '../cut-text.js'
import { More } from './more.js'
import { SeverityBadge } from './severity-badge.js'

const titleLengthMax = 1_000
const valueLengthMax = 200
const textBytesMax = 16_000
const listBytesMax = 3_000
/** What an address is followed to: anything else (`javascript:`) is only shown. */
const followedUrl = /^(?:https?|mailto):/i

/** A message as it goes out: what every channel makes its own form of. A long text is shown in parts, from `from` on. */
export function MessageView({ message, href, from }: { message: Message; href: string; from: number }) {
  const { part, next } = sliceText(message.text, from, textBytesMax)
  return (
    <>
      <p class="message-title">
        <SeverityBadge severity={message.severity} /> {cutText(message.title, titleLengthMax)}
      </p>
      {message.notes.map((note) => (
        <p class="note warn">{cutText(note, valueLengthMax)}</p>
      ))}
      {message.text === '' ? <p class="dim">It has no text.</p> : <pre class="message-text">{part}</pre>}
      <More href={href} from={from} next={next} label="Parts of the text" />
      <Labels labels={message.labels} />
      <MessageLinks links={message.links} />
      <MessageAttachments attachments={message.attachments} />
      {message.from ? <p class="dim">From {cutText(message.from, valueLengthMax)}</p> : null}
    </>
  )
}

export function Labels({ labels }: { labels: Record<string, string> }) {
  const all = Object.entries(labels).map(
    ([name, value]) => `${cutText(name, valueLengthMax)}: ${cutText(value, valueLengthMax)}`,
  )
  if (all.length === 0) return null
  const { shown } = sliceList(all, 0, sizeInPage, { bytesMax: listBytesMax, countMax: 50 })
  return (
    <ul class="labels" aria-label="Labels">
      {shown.map((label) => (
        <li>{label}</li>
      ))}
      {shown.length < all.length ? <li>and {all.length - shown.length} more</li> : null}
    </ul>
  )
}

function MessageLinks({ links }: Pick<Message, 'links'>) {
  if (links.length === 0) return null
  const { shown } = sliceList(links, 0, ({ label, url }) => sizeInPage(label) + sizeInPage(url), {
    bytesMax: listBytesMax,
    countMax: 20,
  })
  return (
    <ul aria-label="Links of the message">
      {shown.map(({ label, url }) => (
        <li class="words">
          {followedUrl.test(url) && url.length <= listBytesMax ? (
            <a href={url} rel="noreferrer noopener">
              {cutText(label || url, valueLengthMax)}
            </a>
          ) : (
            `${cutText(label, valueLengthMax)} ${cutText(url, valueLengthMax)}`
          )}
        </li>
      ))}
      {shown.length < links.length ? <li class="dim">and {links.length - shown.length} more</li> : null}
    </ul>
  )
}

function MessageAttachments({ attachments }: Pick<Message, 'attachments'>) {
  if (attachments.length === 0) return null
  const { shown } = sliceList(attachments, 0, ({ filename }) => sizeInPage(filename), { bytesMax: listBytesMax })
  return (
    <ul aria-label="Attachments of the message">
      {shown.map(({ filename, sizeBytes }) => (
        <li class="words">
          {cutText(filename || 'without a name', valueLengthMax)} <span class="dim">{formatSize(sizeBytes)}</span>
        </li>
      ))}
      {shown.length < attachments.length ? <li class="dim">and {attachments.length - shown.length} more</li> : null}
    </ul>
  )
}
