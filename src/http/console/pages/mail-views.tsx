import type { Child } from 'hono/jsx'
import { formatSize } from '../../../domain/units.js'
import type { MailContent } from '../../../engine/mail-content.js'
import { cutText, sizeInPage, sliceList, sliceText } from '../cut-text.js'
import { EmptyState } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { Icon } from '../elements/icon.js'
import { More } from '../elements/more.js'
import type { ViewParts } from './mail.js'

const headerLengthMax = 2_000
const rowBytes = 90

/** The mail's HTML in a frame that can do nothing; pictures from elsewhere only for a reader who asks for them. */
export function htmlView({ mail, query }: ViewParts, { html }: MailContent): Child {
  if (html === null) {
    return (
      <EmptyState title="This mail has no HTML part">
        <p>
          What it says stands under <a href={`/mails/${mail.id}/text`}>Text</a>.
        </p>
      </EmptyState>
    )
  }
  const isRemote = query.pictures === 'remote'
  return (
    <>
      <p class="note frame-note">
        <Icon name={isRemote ? 'warning' : 'check'} />
        {isRemote ? (
          <>
            <span>
              Pictures are loaded over HTTPS for this one view: their servers learn that, when and from where the mail
              was read. Scripts, forms, styles and fonts from elsewhere stay blocked.
            </span>
            <a href={`/mails/${mail.id}/html`} class="button">
              Block pictures again
            </a>
          </>
        ) : (
          <>
            <span>
              Nothing is loaded from elsewhere: pictures, styles, fonts, scripts and forms are blocked, and links lead
              nowhere. Pictures that came along with the mail are shown.
            </span>
            <a href={`/mails/${mail.id}/html?pictures=remote`} class="button">
              Load remote pictures
            </a>
          </>
        )}
      </p>
      <iframe
        class="mail-frame"
        sandbox=""
        src={`/mails/${mail.id}/body.html${isRemote ? '?pictures=remote' : ''}`}
        title={isRemote ? "The mail's HTML with its pictures" : "The mail's HTML, which can load nothing"}
      />
    </>
  )
}

/** The text that conditions on the body see. */
export function textView({ mail, query }: ViewParts, { text, text_source: source }: MailContent): Child {
  if (text === '') {
    return (
      <EmptyState title="This mail has no text">
        <p>
          The bytes as they came stand under <a href={`/mails/${mail.id}/raw`}>Raw</a>.
        </p>
      </EmptyState>
    )
  }
  const { part, next } = sliceText(text, query.from)
  return (
    <>
      {source === 'html' ? <p class="note">Made from the HTML part: this is what conditions on the body see.</p> : null}
      {source === 'raw' ? <p class="note">The mail could not be read as a whole: this is what could.</p> : null}
      <pre class="mail-text">{part}</pre>
      <More href={`/mails/${mail.id}/text`} from={query.from} next={next} label="Parts of the text" />
    </>
  )
}

export function headersView({ mail, query }: ViewParts, { headers }: MailContent): Child {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    values.map((value) => ({ name: cutText(name, 200), value: cutText(value, headerLengthMax) })),
  )
  if (lines.length === 0) {
    return (
      <EmptyState title="This mail has no headers">
        <p>
          The bytes as they came stand under <a href={`/mails/${mail.id}/raw`}>Raw</a>.
        </p>
      </EmptyState>
    )
  }
  const size = ({ name, value }: (typeof lines)[number]) => rowBytes + sizeInPage(name) + sizeInPage(value)
  const { shown, next } = sliceList(lines, query.from, size)
  return (
    <>
      <DataTable
        caption="Headers"
        rows={shown}
        columns={[
          { title: 'Name', look: 'narrow', cell: ({ name }) => <code>{name}</code> },
          { title: 'Value', look: 'wide', cell: ({ value }) => <code>{value}</code> },
        ]}
      />
      <More href={`/mails/${mail.id}/headers`} from={query.from} next={next} label="Headers" />
    </>
  )
}

export function attachmentsView({ mail }: ViewParts, { attachments }: MailContent): Child {
  if (attachments.length === 0) {
    return (
      <EmptyState title="This mail has no attachments">
        <p>Files that come along are listed here, to download. They are never opened by the server.</p>
      </EmptyState>
    )
  }
  return (
    <DataTable
      caption="Attachments"
      rows={attachments.map((attachment, index) => ({ ...attachment, index }))}
      columns={[
        {
          title: 'Name',
          look: 'wide',
          cell: ({ filename, index }) => (
            <a href={`/mails/${mail.id}/attachments/${index}`}>{cutText(filename, 120) || 'without a name'}</a>
          ),
        },
        { title: 'Type', cell: ({ content_type: type }) => <code>{cutText(type, 80)}</code> },
        { title: 'Size', look: 'number', cell: ({ size_bytes: size }) => formatSize(size) },
      ]}
    />
  )
}
