import { type Context, Hono } from 'hono'
import { ulid } from 'ulid'
import { z } from 'zod'
import { ApiError } from '../../../domain/errors.js'
import { mayActAs } from '../../../domain/identity.js'
import type { RawMail } from '../../../domain/mail.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { Card } from '../elements/card.js'
import { Select, TextArea, TextField } from '../elements/field.js'
import { Trial } from '../elements/guest-trial.js'
import { readForm, readPageQuery } from '../read-form.js'
import type { RenderPage } from '../render-page.js'
import { hrefOf } from './actions.js'
import type { MountPage } from './page.js'

const mailsOffered = 20
const pastedMax = 2_000_000
const pastedShown = 20_000
const subjectMax = 80

const query = z.object({ mail: z.string().max(64).default('') })
const tryForm = z.object({
  mail: z.string().max(64).default(''),
  pasted: z.string().max(pastedMax).default(''),
  to: z.string().max(2_000).default(''),
  attach: z.string().max(2_000).default(''),
})
type TryForm = z.infer<typeof tryForm>
type Tried = Awaited<ReturnType<ConsoleParts['calls']['tryActionOnMail']>>

/** An action on a stored mail or a pasted one: what it would change, and nothing is sent. */
export const actionTryPages: MountPage = ({ calls, now }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/actions/:name/try', async (c) => {
    const { mail } = readPageQuery(c, query)
    const name = c.req.param('name')
    const { attached } = await calls.readActionSettings(name)
    return showTry({ c, calls, render }, name, { mail, pasted: '', to: '', attach: attached.join(', ') }, null)
  })
  // Not a redirect: nothing was changed, and to send it again does no harm.
  app.post('/actions/:name/try', async (c) => {
    actAs(c, 'operator')
    const form = await readForm(c, tryForm)
    const name = c.req.param('name')
    const lookups = splitNames(form.attach)
    const tried = await calls.tryActionOnMail(name, await chooseMail(calls, form, now()), lookups)
    return showTry({ c, calls, render }, name, form, tried)
  })
  return app
}

async function chooseMail(calls: ConsoleParts['calls'], form: TryForm, now: number): Promise<RawMail> {
  const to = splitNames(form.to)
  if (form.pasted.trim() !== '') {
    const envelope = { from: '', to, client: '127.0.0.1', helo: 'console', tls: false, user: null }
    // Browsers send lines with CRLF; a mail that was pasted with blank lines before it would have no header.
    return { id: ulid(), receivedAt: now, envelope, raw: new TextEncoder().encode(form.pasted.trimStart()) }
  }
  if (form.mail === '') {
    throw new ApiError(400, 'bad_request', 'No mail was chosen.', 'Choose a stored one, or paste one.')
  }
  const stored = await calls.readRawMail(form.mail)
  if (!stored) throw new ApiError(404, 'not_found', `There is no mail ${form.mail}.`, 'Retention may have deleted it.')
  return to.length === 0 ? stored : { ...stored, envelope: { ...stored.envelope, to } }
}

interface Shown {
  c: Context<ConsoleEnv>
  calls: ConsoleParts['calls']
  render: RenderPage
}

async function showTry({ c, calls, render }: Shown, name: string, form: TryForm, tried: Tried | null) {
  const settings = await calls.readActionSettings(name)
  const { items } = await calls.listMails({ limit: mailsOffered })
  const chosen = form.mail && !items.some(({ id }) => id === form.mail) ? await calls.readMail(form.mail) : null
  const offered = [...(chosen ? [chosen] : []), ...items].map(({ id, subject, received_at }) => ({
    value: id,
    label: `${cutText(subject || '(no subject)', subjectMax)} · ${received_at.slice(0, 16).replace('T', ' ')} UTC`,
  }))
  const above = [
    { label: 'Actions', href: '/actions' },
    { label: cutText(name, subjectMax), href: hrefOf(name) },
  ]
  return render(
    c,
    { title: 'Try it on a mail', section: 'actions', above, styles: ['guests.css'] },
    <>
      {tried ? <Trial trial={tried.trial} mail={tried.mail} /> : null}
      <TryCard c={c} name={name} form={form} offered={offered} lookups={settings.lookups} />
    </>,
  )
}

interface TryCardProps {
  c: Context<ConsoleEnv>
  name: string
  form: TryForm
  offered: { value: string; label: string }[]
  lookups: string[]
}

function TryCard({ c, name, form, offered, lookups }: TryCardProps) {
  const isAllowed = mayActAs(c.get('identity'), 'operator')
  const none = {
    value: '',
    label: offered.length === 0 ? 'no mail is stored yet: paste one below' : 'the one pasted below',
  }
  return (
    <Card title="The mail">
      <p class="note">It runs as a route would run it, with the settings in force, and nothing is sent.</p>
      <form method="post" action={`${hrefOf(name)}/try`}>
        <Select name="mail" label="Stored mail" value={form.mail} options={[none, ...offered]} />
        <TextArea
          name="pasted"
          label="Or paste a mail"
          value={cutText(form.pasted, pastedShown)}
          placeholder={'Subject: [Sentry] Project 1 Error\n\nlevel = error'}
          hint="As it is sent: headers, an empty line, the text. When there is something here, this is tried."
        />
        <TextField
          name="to"
          label="Recipients"
          value={form.to}
          placeholder="devops@example.com"
          hint="Of the envelope, with commas. Left empty, those of the stored mail."
        />
        <TextField
          name="attach"
          label="Lookups to attach"
          value={form.attach}
          hint={
            lookups.length === 0
              ? 'The config has none.'
              : `With commas. There are: ${cutText(lookups.join(', '), 500)}`
          }
        />
        <button
          type="submit"
          class="button primary"
          disabled={!isAllowed}
          title={isAllowed ? undefined : 'takes the role operator'}
        >
          Try it
        </button>
      </form>
    </Card>
  )
}

function splitNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  return names.filter((name) => name !== '')
}
