import { z } from 'zod'
import { channelLimits } from '../config/schema/channel-limits.js'
import type { ChannelKind, Rate } from '../domain/channel.js'
import { formatDuration } from '../domain/units.js'

type JsonSchema = z.core.JSONSchema.BaseSchema

/** The page about all channels, in Markdown: everything on it is said by the kinds themselves. */
export function describeChannels(kinds: readonly ChannelKind[]): string {
  const parts = [
    '# Channels',
    '<!-- Made by `mailtrigger schema channels -o docs/channels.md` from src/channels/index.ts: change it there. -->',
    [
      'A channel is a way out: a name of your choice, a `kind`, and what that kind needs. A channel that names its own',
      'place (a webhook, a topic, a room) posts there, once for each notification. Any other delivers to each',
      "recipient's address for it, which stands in `people` under the channel's name.",
    ].join('\n'),
    table(['Kind', 'What it does', 'Where to', 'To acknowledge'], kinds.map(summarize)),
    [
      'What one mail becomes for [Telegram](samples/telegram.http), [Slack](samples/slack.http),',
      '[Teams](samples/teams.http), [PagerDuty](samples/pagerduty.http) and [email](samples/email.eml), as it is sent;',
      'only ids, times and signatures are made up.',
    ].join('\n'),
    '## What every channel takes',
    settingsTable(channelLimits, []),
    [
      `Any value may be \`"\${VARIABLE}"\` or \`"\${file:/run/secrets/name}"\`. Settings that are marked secret never reach a`,
      'log, a trace or an answer of the API.',
    ].join('\n'),
    ...kinds.flatMap(describeKind),
  ]
  return `${parts.join('\n\n')}\n`
}

function summarize(kind: ChannelKind): string[] {
  return [
    `[\`${kind.kind}\`](#${anchorOf(kind)})`,
    kind.description,
    describePlace(kind),
    acknowledgements[acknowledgedBy(kind)],
  ]
}

function describeKind(kind: ChannelKind): string[] {
  return [
    `## ${kind.label}: \`${kind.kind}\``,
    kind.description,
    kind.guide.steps.map((step, index) => `${index + 1}. ${step}`).join('\n'),
    ...(kind.guide.note === null ? [] : [kind.guide.note]),
    ['```yaml', ...exampleLines(kind), '```'].join('\n'),
    settingsTable(kind.settings, kind.secrets),
    facts(kind).join('\n'),
  ]
}

/** GitHub's anchor of the heading. */
function anchorOf({ kind, label }: ChannelKind): string {
  return `${label}: ${kind}`
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

const acknowledgements = {
  link: 'a link',
  button: 'a button',
  vendor: "in the vendor's own app",
  nobody: '–',
}

function acknowledgedBy(kind: ChannelKind): keyof typeof acknowledgements {
  return kind.acknowledgedBy ?? 'link'
}

function describePlace({ address, settings, destination }: ChannelKind): string {
  if (address !== null) return address.hint
  const without = settings.safeParse({})
  return without.success && destination(without.data) === null ? 'every recipient' : "the channel's own place"
}

const units = {
  code_points: 'characters',
  utf16: 'UTF-16 units',
  bytes: 'bytes',
  sms_segments: 'SMS segments',
}

function facts(kind: ChannelKind): string[] {
  const { textMax, textUnit, attachments, idempotent } = kind.capabilities
  const { rates } = kind
  return [
    `- **Where to**: ${describePlace(kind)}.`,
    `- **Text**: at most ${textMax.toLocaleString('en-US')} ${units[textUnit]}; what is longer is cut and ends with "…".`,
    `- **Attachments**: ${attachments ? 'sent along' : 'named in the message'}.`,
    `- **To acknowledge**: ${acknowledgements[acknowledgedBy(kind)]}. ${kind.update ? 'What was sent then shows who did.' : ''}`.trimEnd(),
    ...(kind.link
      ? ['- **Without looking it up**: `mailtrigger people link` makes a link that enters the address of who opens it.']
      : []),
    `- **When it is over**: ${kind.resolve ? 'what was sent is resolved, changed or answered.' : 'another message.'}`,
    `- **Rates**: ${[describeRate(rates.channel, 'in all'), describeRate(rates.address, 'to one address')].filter((words) => words !== '').join(', ') || 'no limit of its own'}.`,
    `- **A repeat after a lost answer**: ${idempotent ? 'the vendor knows it by its key and drops it' : 'may arrive twice'}.`,
  ]
}

function describeRate(rate: Rate | null, what: string): string {
  return rate === null ? '' : `${rate.count} in ${formatDuration(rate.perMs)} ${what}`
}

interface Setting {
  name: string
  needed: boolean
  schema: JsonSchema
}

function settingsTable(schema: z.ZodType, secrets: readonly string[]): string {
  const settings = readSettings(schema)
  if (settings.length === 0) return 'It has no settings.'
  const rows = settings.map(({ name, needed, schema: own }) => {
    const meaning = [own.description ?? '', isSecret(name, secrets) ? '**Secret.**' : ''].join(' ').trim()
    const fallback = own.default === undefined ? '' : `\`${JSON.stringify(own.default)}\``
    return [`\`${name}\``, needed ? 'yes' : '', nameType(own), fallback, meaning]
  })
  return table(['Setting', 'Needed', 'Form', 'Default', 'Meaning'], rows)
}

function isSecret(name: string, secrets: readonly string[]): boolean {
  return secrets.some((secret) => secret.split('.')[0] === name)
}

/** Settings of all ways a kind may be set up; needed are those that no way goes without. */
function readSettings(schema: z.ZodType): Setting[] {
  const whole = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  const ways = (whole.anyOf ?? whole.oneOf ?? [whole]) as JsonSchema[]
  const settings = new Map<string, Setting>()
  for (const { properties = {}, required = [] } of ways) {
    for (const [name, own] of Object.entries(properties)) {
      if (typeof own === 'boolean') continue
      const known = settings.get(name)
      const isNeeded = ways.every((way) => way.required?.includes(name)) && required.includes(name)
      if (known === undefined || known.schema.description === undefined)
        settings.set(name, { name, needed: isNeeded, schema: own })
    }
  }
  return [...settings.values()].sort((one, other) => Number(other.needed) - Number(one.needed))
}

function nameType(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return [...new Set(choices.map((choice) => nameType(choice as JsonSchema)))].join(' or ')
  if (schema.type === 'array') {
    const items = schema.items as JsonSchema | undefined
    return `list of ${items === undefined ? 'values' : nameType(items)}`
  }
  const names: Record<string, string> = { string: 'text', integer: 'number', boolean: 'true or false', object: 'map' }
  return names[String(schema.type)] ?? String(schema.type ?? 'any value')
}

/** A channel as it would stand in routes.yaml, named like its kind. */
export function exampleLines(kind: ChannelKind): string[] {
  const given = kind.example?.settings ?? neededSettings(kind)
  const settings = Object.entries(given).map(
    ([name, value]) => `    ${name}: ${JSON.stringify(value ?? variableOf(kind, name))}`,
  )
  const address = kind.example?.address
  const people =
    address === undefined ? [] : ['people:', `  tim@mailtrigger.app: { ${kind.kind}: ${JSON.stringify(address)} }`]
  return ['channels:', `  ${kind.kind}:`, `    kind: ${kind.kind}`, ...settings, ...people]
}

function neededSettings({ settings }: ChannelKind): Record<string, null> {
  const needed = readSettings(settings).filter((setting) => setting.needed)
  return Object.fromEntries(needed.map(({ name }) => [name, null]))
}

function variableOf({ kind }: ChannelKind, setting: string): string {
  return `\${${kind}_${setting}}`.toUpperCase()
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}
