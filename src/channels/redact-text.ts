import { cleanLine, wellFormed } from './clean-text.js'
import { cutText } from './cut-text.js'

const textMax = 1_000

/** Places where vendors put a token into a URL, for secrets that come back in another spelling than the settings'. */
const tokenPatterns: [RegExp, string][] = [
  [/\/bot\d+(?::|%3A)[\w-]+/gi, '/bot***'],
  [/hooks\.slack\.com\/(?:services|workflows|triggers)\/[\w/-]+/gi, 'hooks.slack.com/***'],
  [/\bxox[a-z]-[\w-]+/gi, '***'],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, '$1 ***'],
]

/**
 * A vendor's words fit for outcomes, logs and the console: one line, at most 1,000 characters, without any of `secrets`
 * (as written or percent-encoded) and without what looks like a token in a URL.
 */
export function redactText(text: string, secrets: readonly (string | undefined)[]): string {
  let redacted = text.slice(0, textMax * 8)
  for (const secret of secrets) {
    // A secret of one or two characters would turn every text into stars.
    if (secret === undefined || secret.length < 3) continue
    for (const spelling of spellSecret(secret)) {
      redacted = redacted.replaceAll(spelling, '***')
    }
  }
  for (const [pattern, replacement] of tokenPatterns) redacted = redacted.replace(pattern, replacement)
  return cutText(cleanLine(redacted), textMax, 'utf16')
}

function spellSecret(secret: string): Set<string> {
  const encodable = wellFormed(secret)
  return new Set([secret, encodeURIComponent(encodable), encodeURI(encodable)])
}
