import type { Draft } from './step.js'

/**
 * Goes on after something failed: the message says so and the notification is flagged; with `on_error: hold` nothing
 * goes out any more, because what failed may have been what redacts.
 */
export function passOver(draft: Draft, problem: string): Draft {
  if (draft.route.onError === 'hold') return { ...draft, held: draft.held ?? problem }
  const message = { ...draft.message, notes: [...draft.message.notes, problem] }
  return { ...draft, message, flagged: draft.flagged ?? problem }
}
