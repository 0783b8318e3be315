import type { Context } from 'hono'
import { z } from 'zod'
import { ApiError, ConfigError } from '../../../domain/errors.js'
import type { KindLine } from '../../../engine/channel-kinds.js'
import type { Settings } from '../../../engine/secret-settings.js'
import type { ChannelTest } from '../../../engine/test-channel.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { readForm } from '../read-form.js'
import { type Entered, type FieldProblems, listSetSecrets, readSettings, writeSettings } from './entered-settings.js'
import { placeIssues } from './place-issues.js'
import { listFields, type SettingField } from './setting-fields.js'
import { forgetPrefix, settingPrefix } from './setting-inputs.js'

/** A form for a channel, as it stands. */
export interface ChannelFormState {
  kind: KindLine
  own: SettingField[]
  limits: SettingField[]
  /** The name it has, or is to have. */
  name: string
  entered: Entered
  /** Secrets that are set. */
  kept: string[]
  /** To whom a test goes. */
  to: string
  problems: FieldProblems
  others: string[]
  test: ChannelTest | null
  status: 200 | 403 | 404 | 409 | 422 | 503
}

const textOrTexts = z.union([z.string().max(65_536), z.array(z.string().max(65_536)).max(20)])
const wholeForm = z.record(z.string().max(200), textOrTexts)
/** What a test says, where people read it. */
const testText = 'This is a test of MailTrigger. If you can read it, the channel works.'

/** The form for a channel that has these settings: none for a new one. */
export function openChannelForm(kind: KindLine, name: string, settings: Settings): ChannelFormState {
  const own = listFields(kind.settings, kind.secrets)
  const limits = listFields(kind.limits, [])
  const fields = [...own, ...limits]
  const state = {
    kind,
    own,
    limits,
    name,
    entered: writeSettings(fields, settings),
    kept: listSetSecrets(fields, settings),
  }
  return { ...state, to: '', problems: {}, others: [], test: null, status: 200 }
}

/**
 * Takes what was sent: tests it, or saves it. Answers null when it was saved, else the form as it is to be shown again,
 * with what came of the test or what is wrong. Nothing secret stands in it.
 * @param known the name of the channel that is changed; null for a new one
 */
export async function takeChannelForm(
  c: Context<ConsoleEnv>,
  { calls }: Pick<ConsoleParts, 'calls'>,
  before: ChannelFormState,
  known: string | null,
): Promise<{ saved: string } | { shown: ChannelFormState }> {
  const { kind, own, limits, kept } = before
  const fields = [...own, ...limits]
  const form = await readForm(c, wholeForm)
  const sent = (name: string): string => [form[name] ?? ''].flat()[0] ?? ''
  const name = known ?? sent('name').trim()
  const isTest = sent('do') === 'test'
  const to = sent('to').trim()
  const entered = Object.fromEntries(fields.map(({ path }) => [path, sent(`${settingPrefix}${path}`)]))
  const shown = { ...before, name, to, entered }
  const forgotten = kept.filter((path) => sent(`${forgetPrefix}${path}`) === 'true')
  const { settings, problems } = readSettings(fields, entered, { kept, forgotten })
  if (Object.keys(problems).length > 0) return { shown: { ...shown, problems, status: 422 } }
  try {
    const actor = actAs(c, isTest ? 'operator' : 'admin')
    if (isTest) {
      const test = await calls.testEntered({ name: known, kind: kind.kind, settings }, to || null, testText)
      return { shown: { ...shown, test } }
    }
    if (known === null) await calls.createChannel(name, kind.kind, settings, actor)
    else await calls.replaceChannel(known, kind.kind, settings, actor)
    return { saved: name }
  } catch (error) {
    const named = known ?? (isTest ? kind.kind : name)
    return { shown: { ...shown, ...describeRefusal(error, named, fields) } }
  }
}

const statuses = [403, 404, 409, 422, 503] as const

function describeRefusal(
  error: unknown,
  channel: string,
  fields: readonly SettingField[],
): Pick<ChannelFormState, 'problems' | 'others' | 'status'> {
  if (error instanceof ConfigError) return { ...placeIssues(error.issues, channel, fields), status: 422 }
  if (!(error instanceof ApiError)) throw error
  const status = statuses.find((one) => one === error.status) ?? 422
  const others = [error.hint === null ? `${error.message}.` : `${error.message}: ${error.hint}.`]
  if (error.code === 'missing_recipient')
    return { problems: { to: `Say to whom. ${error.hint ?? ''}`.trim() }, others: [], status }
  return { problems: {}, others, status }
}
