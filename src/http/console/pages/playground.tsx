import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { ApiError } from '../../../domain/errors.js'
import { mayActAs } from '../../../domain/identity.js'
import type { DraftFile } from '../../../engine/draft-file-calls.js'
import type { MailSummary } from '../../../store/store.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { EmptyState } from '../elements/card.js'
import { readPageQuery } from '../read-form.js'
import { readSearch } from '../read-search.js'
import type { RenderPage } from '../render-page.js'
import { emptyTrialForm, readTrialForm, runTrial, type TrialForm, type TrialResult } from '../trial-form.js'
import type { MountPage } from './page.js'
import { PlaygroundForm } from './playground-form.js'
import { PlaygroundResult } from './playground-result.js'

const mailsOffered = 8
const query = z.object({
  file: z.string().max(255).optional(),
  route: z.string().max(2_000).optional(),
  suggestion: z.string().max(4_000).optional(),
  mail: z.string().max(64).default(''),
  search: z.string().max(500).default(''),
})

/** A change of the config tried on mails that came, or that are pasted, before it is written into the file. */
export const playgroundPages: MountPage = (parts, render) => {
  const { calls } = parts
  const app = new Hono<ConsoleEnv>()
  app.get('/playground', async (c) => {
    if (!mayActAs(c.get('identity'), 'operator')) return refuseViewer(c, render)
    const { file: name, route, suggestion, mail, search } = readPageQuery(c, query)
    const file = await calls.readDraftFile({ ...(name ? { name } : {}), ...(route ? { route } : {}) })
    const form = { ...emptyTrialForm(), file: file.name, draft: file.text, mail, search }
    const isSuggested = suggestion !== undefined && route !== undefined && mail !== ''
    const changed = isSuggested ? await calls.applySuggestion(file.text, mail, route, suggestion) : null
    if (changed !== null) form.draft = changed
    return renderPlayground(c, render, parts, {
      form,
      file,
      result: null,
      suggestion: isSuggested ? { text: suggestion, route, isApplied: changed !== null } : null,
    })
  })
  app.post('/playground', async (c) => {
    actAs(c, 'operator')
    const form = await readTrialForm(c)
    const file = await calls.readDraftFile(form.file ? { name: form.file } : {}).catch(noneWhenGone)
    const result = form.does === 'try' ? await runTrial({ calls }, form, file === null || file.path !== null) : null
    return renderPlayground(c, render, parts, { form, file, result, suggestion: null })
  })
  return app
}

export interface ShownSuggestion {
  text: string
  route: string
  isApplied: boolean
}

interface Shown {
  form: TrialForm
  /** Null when the config's files cannot be read any more. */
  file: DraftFile | null
  result: TrialResult | null
  suggestion: ShownSuggestion | null
}

/** The draft stays on the page whatever became of it, so a trial answers with a page and no redirect: it changes nothing. */
async function renderPlayground(
  c: Context<ConsoleEnv>,
  render: RenderPage,
  parts: ConsoleParts,
  { form, file, result, suggestion }: Shown,
): Promise<Response> {
  const { mails, trouble } = await offerMails(parts, form)
  return render(
    c,
    { title: 'Playground', section: 'playground', styles: ['routing.css'], scripts: ['playground.js'] },
    <>
      <p class="dim">
        Nothing here is written to disk, sent or kept: a draft is checked, and tried beside the config in force.
      </p>
      <PlaygroundForm
        form={form}
        file={file}
        mails={mails}
        trouble={trouble}
        suggestion={suggestion}
        isFresh={c.req.method === 'GET'}
      />
      {result ? <PlaygroundResult form={form} file={file} result={result} /> : null}
    </>,
  )
}

/** The newest mails, or those that are searched for; the chosen one comes first. */
async function offerMails(
  { calls, now }: Pick<ConsoleParts, 'calls' | 'now'>,
  { mail, search }: TrialForm,
): Promise<{ mails: MailSummary[]; trouble: string | null }> {
  const chosen = mail === '' || mail === 'pasted' ? null : await calls.readMail(mail.slice(0, 64))
  const { query, problem } = readSearch(search, now())
  const items = problem ? [] : (await calls.listMails({ limit: mailsOffered, query })).items
  const others = items.filter(({ id }) => id !== chosen?.id)
  return {
    mails: chosen ? [chosen, ...others] : others,
    trouble: problem && [problem.message, problem.hint].filter(Boolean).join('; '),
  }
}

function noneWhenGone(error: unknown): null {
  if (error instanceof ApiError) return null
  throw error
}

function refuseViewer(c: Context<ConsoleEnv>, render: RenderPage): Response | Promise<Response> {
  return render(
    c,
    { title: 'Playground', section: 'playground' },
    <EmptyState title="Trying a change takes the role operator">
      <p>
        You are signed in with the role {c.get('identity').role}. <a href="/routes">The routes in force</a> say what
        becomes of mails.
      </p>
    </EmptyState>,
  )
}
