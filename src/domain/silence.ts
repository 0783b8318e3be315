/** Maintenance: what it matches is kept and shown, and not sent, until it ends. */
export interface Silence {
  id: string
  /** All that are given have to match; `*` stands for any text. At least one is given. */
  matchers: SilenceMatchers
  startsAt: number
  endsAt: number
  comment: string
  createdBy: string
  createdAt: number
}

export interface SilenceMatchers {
  routes: string[]
  channels: string[]
  labels: Record<string, string>
}

/** The silence that is in force over a notification, or over one channel of it; null when there is none. */
export function findSilence(
  silences: readonly Silence[],
  subject: { route: string; channel: string | null; labels: Record<string, string> },
  now: number,
): Silence | null {
  return silences.find((silence) => isInForce(silence, now) && matchesSilence(silence.matchers, subject)) ?? null
}

function isInForce(silence: Silence, now: number): boolean {
  return silence.startsAt <= now && now < silence.endsAt
}

/** A silence that names channels is about those only, so it never matches a notification as a whole. */
export function matchesSilence(
  { routes, channels, labels }: SilenceMatchers,
  subject: { route: string; channel: string | null; labels: Record<string, string> },
): boolean {
  const { route, channel } = subject
  if (routes.length > 0 && !routes.some((glob) => matchesGlob(glob, route))) return false
  if (channels.length > 0 && (channel === null || !channels.some((glob) => matchesGlob(glob, channel)))) return false
  return Object.entries(labels).every(([name, glob]) => {
    const value = Object.hasOwn(subject.labels, name) ? subject.labels[name] : undefined
    return value !== undefined && matchesGlob(glob, value)
  })
}

/** Linear in the text: each part between stars is looked for once, behind the one before. */
function matchesGlob(glob: string, text: string): boolean {
  const [first = '', ...rest] = glob.toLowerCase().split('*')
  const folded = text.toLowerCase()
  if (rest.length === 0) return folded === first
  if (!folded.startsWith(first)) return false
  const last = rest.pop() ?? ''
  let at = first.length
  for (const part of rest) {
    const found = folded.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return folded.length - last.length >= at && folded.endsWith(last)
}
