import { Icon } from './icon.js'

/** Why an upload was refused, with the lines of its source that this is about. */
export interface Refusal {
  status: number
  message: string
  hint: string | null
  frame: string | null
}

const messageMax = 4_000

export function RefusedModule({ refusal }: { refusal: Refusal }) {
  const { message, hint, frame } = refusal
  return (
    <div class="flash failed" role="alert">
      <Icon name="warning" />
      <div class="refused">
        <p>{message.slice(0, messageMax)}</p>
        {frame ? <pre>{frame}</pre> : null}
        {hint ? <p class="hint">{hint}</p> : null}
      </div>
    </div>
  )
}
