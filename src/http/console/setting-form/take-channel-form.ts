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
  /** Of settings, by their paths. */
  problems: FieldProblems
  /** Of the two fields that are no settings. */
  nameProblem: string | null
  toProblem: string | null
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
  return { ...state, to: '', problems: {}, nameProblem: null, toProblem: null, others: [], test: null, status: 200 }
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
    const { nameProblem = null, others = [], ...refusal } = describeRefusal(error, named, fields)
    // A channel that has its name has no field for it.
    const misnamed = nameProblem === null || known === null ? others : [...others, nameProblem]
    return { shown: { ...shown, ...refusal, nameProblem: known === null ? nameProblem : null, others: misnamed } }
  }
}

const statuses = [403, 404, 409, 422, 503] as const
/** What is wrong with the name of a new channel. */
const nameCodes = ['exists', 'bad_name', 'bad-name', 'in_file']

function describeRefusal(
  error: unknown,
  channel: string,
  fields: readonly SettingField[],
): Pick<ChannelFormState, 'status'> & Partial<ChannelFormState> {
  if (error instanceof ConfigError) {
    const [bad] = error.issues.filter(({ code }) => nameCodes.includes(code))
    const rest = error.issues.filter((issue) => issue !== bad)
    return { ...placeIssues(rest, channel, fields), nameProblem: bad ? joinHint(bad) : null, status: 422 }
  }
  if (!(error instanceof ApiError)) throw error
  const status = statuses.find((one) => one === error.status) ?? 422
  const words = joinHint(error)
  if (error.code === 'missing_recipient') return { toProblem: words, status }
  return nameCodes.includes(error.code) ? { nameProblem: words, status } : { others: [words], status }
}

function joinHint({ message, hint }: { message: string; hint: string | null }): string {
  const words = hint === null ? message : `${message}: ${hint}`
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}
