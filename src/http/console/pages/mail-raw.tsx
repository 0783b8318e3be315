import type { Child } from 'hono/jsx'
import { formatSize } from '../../../domain/units.js'
import { sizeInPage, sliceList, sliceText } from '../cut-text.js'
import { ButtonLink } from '../elements/action-button.js'
import { EmptyState } from '../elements/card.js'
import { More } from '../elements/more.js'
import type { ViewParts } from './mail.js'

/** What follows is mostly attachments in base64, which nobody reads. */
const rawBytesMax = 256 * 1024

/** The bytes as they came, as text. */
export async function rawView({ calls, mail, query }: ViewParts): Promise<Child> {
  const raw = await calls.readRawMail(mail.id)
  if (!raw || raw.raw.byteLength === 0) return <EmptyState title="There was nothing in this mail" />
  const isWhole = raw.raw.byteLength <= rawBytesMax
  const text = new TextDecoder('utf-8').decode(raw.raw.subarray(0, rawBytesMax))
  const { part, next } = sliceText(text, query.from)
  return (
    <>
      <p>
        <ButtonLink href={`/api/v1/mails/${mail.id}/raw`} icon="download">
          Download all {formatSize(mail.size_bytes)}
        </ButtonLink>
      </p>
      <pre class="mail-text">{part}</pre>
      {next === null && !isWhole ? <p class="note">Here the first 256 KB end; the download has the rest.</p> : null}
      <More href={`/mails/${mail.id}/raw`} from={query.from} next={next} label="Parts of the mail" />
    </>
  )
}

/** Whom the envelope named, for mails to very many. */
export function recipientsView({ mail, query }: ViewParts): Child {
  const { shown, next } = sliceList(mail.envelope.to, query.from, (one) => sizeInPage(one) + 10)
  return (
    <>
      <h2>Recipients of the envelope ({mail.envelope.to.length})</h2>
      <ol class="plain-list" start={query.from + 1}>
        {shown.map((recipient) => (
          <li>{recipient}</li>
        ))}
      </ol>
      <More href={`/mails/${mail.id}/recipients`} from={query.from} next={next} label="Recipients" />
    </>
  )
}

/** A route test made of the mail, to copy or to download. */
export async function routeTestView({ calls, mail, query }: ViewParts): Promise<Child> {
  const text = await calls.readRouteTest(mail.id)
  const { part, next } = sliceText(text, query.from)
  return (
    <>
      <h2>A route test of this mail</h2>
      <p>
        It holds as long as the mail comes to the same as with the config in force. Save it beside the config, for
        example as <code>{mail.id}.test.yaml</code>, and run <code>mailtrigger test</code>; mend what it expects to say
        how it should be.
      </p>
      <p>
        <ButtonLink href={`/api/v1/mails/${mail.id}/route-test`} icon="download">
          Download
        </ButtonLink>{' '}
        <button type="button" class="button" data-copy="#route-test" hidden>
          <span>Copy</span>
        </button>
      </p>
      <label for="route-test" class="hidden">
        The route test
      </label>
      <textarea id="route-test" class="to-copy" rows={22} readonly spellcheck={false}>
        {part}
      </textarea>
      <More href={`/mails/${mail.id}/route-test`} from={query.from} next={next} label="Parts of the test" />
    </>
  )
}
