import { Hono } from 'hono'
import { ApiError } from '../../../domain/errors.js'
import type { MailSummary } from '../../../store/store.js'
import { actAs } from '../act-as.js'
import { chosenForm } from '../choose-mails.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { countOf } from '../count-of.js'
import { cutText } from '../cut-text.js'
import { ActionButton, ButtonLink } from '../elements/action-button.js'
import { ChosenFields, NothingChosen } from '../elements/chosen-mails.js'
import { done } from '../flash.js'
import { readForm, readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

const subjectLengthMax = 160

/** Deleting mails: a page that names them and asks, and the form on it that does it. */
export const mailDeletion: MountPage = (parts, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/mails/delete', async (c) => {
    actAs(c, 'admin')
    const chosen = { ...readPageQuery(c, chosenForm), search: undefined }
    const mails = await readMails(parts, chosen.ids ?? [])
    const title = `Delete ${countOf(mails.length, 'mail')}`
    const frame = { title, section: 'mails' as const, above: [{ label: 'Mails', href: chosen.back }] }
    if (mails.length === 0) return render(c, frame, <NothingChosen />)
    return render(
      c,
      frame,
      <>
        <p>
          With {mails.length === 1 ? 'the mail' : 'each mail'} go its traces, notifications, deliveries and attempts.
          What is queued of it is not sent. This cannot be taken back.
        </p>
        <ul>
          {mails.map(({ id, subject }) => (
            <li>
              <a href={`/mails/${id}`}>{cutText(subject, subjectLengthMax) || '(no subject)'}</a>
            </li>
          ))}
        </ul>
        <div class="actions">
          <ActionButton c={c} action="/mails/delete" label={title} icon="trash" needs="admin" look="danger">
            <ChosenFields chosen={chosen} />
          </ActionButton>
          <ButtonLink href={chosen.back}>Back</ButtonLink>
        </div>
      </>,
    )
  })
  app.post('/mails/delete', async (c) => {
    const actor = actAs(c, 'admin')
    const { ids = [], back } = await readForm(c, chosenForm)
    const count = ids.length === 0 ? 0 : await parts.calls.deleteMails(ids, actor)
    if (count === 0) throw new ApiError(404, 'not_found', 'There is no mail to delete.', 'Choose some in the list.')
    return done(c, back, count === 1 ? 'The mail is deleted.' : `${count} mails are deleted.`)
  })
  return app
}

async function readMails({ calls }: ConsoleParts, ids: string[]): Promise<MailSummary[]> {
  const read = await Promise.all([...new Set(ids)].map((id) => calls.readMail(id)))
  return read.filter((mail) => mail !== null)
}
