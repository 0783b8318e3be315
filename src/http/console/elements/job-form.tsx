import { FileField, TextArea, TextField } from './field.js'

/** What was entered, to be shown again when it was refused. */
export type EnteredJob = Partial<Record<(typeof jobTextFields)[number], string>>

/** Fields of text of a job's form, by their names in the API. */
export const jobTextFields = [
  'schedule',
  'timezone',
  'send',
  'timeout',
  'allow_hosts',
  'on_failure',
  'on_success',
  'on_completion',
  'config',
] as const

/** The fields that a new job and a changed one have in common. */
export function JobFields({ entered, channels, isNew }: { entered: EnteredJob; channels: string[]; isNew: boolean }) {
  const named = channels.length === 0 ? 'There is no channel yet.' : `With commas. There are: ${listSome(channels)}.`
  return (
    <>
      <FileField
        name="module"
        label="Module"
        accept=".wasm,.ts,.js"
        required={isNew}
        hint={
          isNew
            ? 'A .wasm file, or its source as .ts or .js, that exports “run”. At most 8 MB. Choose it, or drop it here.'
            : 'Left empty, the module stays.'
        }
      />
      {isNew ? (
        <FileField
          name="database"
          label="Database"
          accept=".sqlite3,.sqlite,.db"
          hint="A SQLite file with its first contents, at most 50 MB. Without one it starts with an empty one."
        />
      ) : null}
      <TextField
        name="schedule"
        label="Schedule"
        value={entered.schedule ?? null}
        required
        placeholder="*/30 * * * *"
        hint="Cron: minute, hour, day, month, weekday. A day and a weekday have to meet."
      />
      <TextField
        name="timezone"
        label="Timezone"
        value={entered.timezone ?? null}
        placeholder="UTC"
        hint="A name like Asia/Taipei or Europe/Berlin."
      />
      <TextField name="send" label="Channels of its notifications" value={entered.send ?? null} hint={named} />
      <TextField
        name="on_failure"
        label="Channels that hear when a run fails"
        value={entered.on_failure ?? null}
        hint="With commas."
      />
      <details class="fold">
        <summary>More settings</summary>
        <TextField
          name="on_success"
          label="Channels that hear when a run went well"
          value={entered.on_success ?? null}
        />
        <TextField
          name="on_completion"
          label="Channels that hear of the end of each run"
          value={entered.on_completion ?? null}
        />
        <TextField
          name="timeout"
          label="Time for one run"
          value={entered.timeout ?? null}
          placeholder="60s"
          hint="A duration like 60s or 5m; 15m at most."
        />
        <TextField
          name="allow_hosts"
          label="Hosts its HTTP calls may reach"
          value={entered.allow_hosts ?? null}
          placeholder="api.example.com"
          hint="With commas. Without any, it reaches none."
        />
        <TextArea
          name="config"
          label="Config"
          rows={4}
          isVeiled
          value={entered.config ?? null}
          hint={
            isNew
              ? 'A JSON object; the job reads it.'
              : 'A JSON object in place of the one there is. Left empty, that stays.'
          }
        />
      </details>
    </>
  )
}

function listSome(names: string[]): string {
  const shown = names.slice(0, 20).join(', ')
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown
}
