export interface CallScript {
  /** Short enough that all of the script stays below the 4,000 characters that Twilio takes, escapes included. */
  spoken: string
  /** How often it is said. */
  times: number
  language: string
  voice: string | null
  /** What to say of the key that acknowledges, and where Twilio tells us which key was pressed. */
  acknowledge: { prompt: string; url: string } | null
}

/**
 * What Twilio does once somebody answers: it says the message, again and again, because the beginning is missed and an
 * answering machine is not yet recording; meanwhile it waits for a key.
 */
export function renderTwiml({ spoken, times, language, voice, acknowledge }: CallScript): string {
  const words = acknowledge === null ? spoken : `${spoken} ${acknowledge.prompt}`
  const attributes = `language="${escapeXml(language)}"${voice === null ? '' : ` voice="${escapeXml(voice)}"`}`
  const say = `<Say ${attributes} loop="${times}">${escapeXml(words)}</Say>`
  if (acknowledge === null) return `<Response><Pause length="1"/>${say}</Response>`
  // Without `finishOnKey=""` the # key would count as no key at all.
  const gather = `<Gather numDigits="1" finishOnKey="" timeout="8" method="POST" action="${escapeXml(acknowledge.url)}">`
  return `<Response><Pause length="1"/>${gather}${say}</Gather></Response>`
}

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}
