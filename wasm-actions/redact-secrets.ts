/**
 * Keeps credentials in the house: takes passwords, tokens, keys and logins in URLs out of title and text, and leaves
 * the recipients as they are. Give its route `on_error: hold`, so that a mail it cannot read goes out to nobody.
 *
 * It knows the usual forms and takes rather too much than too little: after a name like `password` the rest of its
 * line goes. A secret in the middle of a sentence, or in an attached file, it cannot tell from anything else.
 */
import type { ActionInput, ActionOutput } from 'mailtrigger/guest'

const removed = '[removed]'
const titleMax = 1_000
/** What follows is cut off unread, and so never sent; a message on a channel has a fraction of this. */
const textMax = 100_000

const secretName =
  '(?:passwords?|passwd|passphrase|passcode|passwort|kennwort|mot de passe|密碼|密码|pwd|secret|token|credential|' +
  'signature|\\b(?:pass|sig)(?![a-z])|(?:api|access|private|secret|account|encryption)[_. -]?key)[\\w.-]{0,30}["\'\\]]{0,2}'
const assigned = '[ \\t]*(?:=>|:=|[:=：])[ \\t]*'
/** What an earlier rule put there, or a text in quotes, which may hold spaces. */
const whole = '\\[removed\\]|"(?:[^"\\\\\\n]|\\\\.)*"|\'(?:[^\'\\\\\\n]|\\\\.)*\''

/** Vendors who gave their tokens a shape of their own, so that they are told wherever they stand. */
const vendorTokens = [
  'gh[pousr]_[A-Za-z0-9]{20,}', // GitHub
  'github_pat_\\w{20,}',
  'gl[a-z]{2,8}-[\\w-]{20,}', // GitLab
  'xox[a-z]-[\\w-]{10,}', // Slack
  'xapp-[\\w-]{10,}',
  '(?:AKIA|ASIA)[A-Z0-9]{16}', // Amazon
  'AIza[\\w-]{35}', // Google
  'ya29\\.[\\w-]{20,}',
  'GOCSPX-[\\w-]{20,}',
  '[prs]k_(?:live|test)_[A-Za-z0-9]{10,}', // Stripe
  'whsec_[\\w+/=]{16,}',
  'sk-[\\w-]{20,}', // OpenAI, Anthropic
  'SG\\.[\\w-]{16,}\\.[\\w-]{16,}', // SendGrid
  'npm_[A-Za-z0-9]{30,}',
  'pypi-[\\w-]{30,}',
  'hf_[A-Za-z0-9]{30,}', // Hugging Face
  'hv[bsr]\\.[\\w-]{20,}', // Vault
  'do[opr]_v1_[a-f0-9]{40,}', // DigitalOcean
  'shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}', // Shopify
  'sntry[su]_[\\w=+/-]{20,}', // Sentry
  'eyJ[\\w-]{8,}\\.[\\w-]{8,}\\.[\\w-]*', // any JSON web token, RFC 7519
]

/**
 * In the order they are applied. The first group is what stays in front. Repetitions are bounded, or end in what always
 * matches, so that no text makes them slow.
 */
const rules: [kind: string, pattern: RegExp][] = [
  ['private key', /()-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----(?:[\s\S]*?-----END \2-----|[\s\S]*)/g],
  [
    'authorization',
    new RegExp(
      `((?:authorization["']?|^[ \\t>]*(?:set-)?cookie)${assigned})(?:${whole}|["']?(?:basic|bearer|token|apikey)[ \\t]+[^\\s"',]+|\\S[^\\n]*)`,
      'gim',
    ),
  ],
  ['password', new RegExp(`^([^\\n:=&?：]{0,40}?${secretName}${assigned})(?:${whole}|\\S[^\\n]*)`, 'gim')],
  ['password', new RegExp(`(${secretName}${assigned})(?:${whole}|[^\\s&]+)`, 'gi')],
  ['password', new RegExp(`(--?${secretName}[ \\t]+)(?:${whole}|\\S+)`, 'gi')],
  ['password', new RegExp(`(<[^<>\\n]{0,30}?${secretName}>)[^<]+`, 'gi')],
  // What looks like a port is none: https://app.example.com:8443/users/tim@example.com has no password.
  ['login', /(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#@:"'<>]{0,200}:(?!\d{1,5}[/?#])[^\s"'<>]{1,200}(?=@)/gi],
  ['login', /(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#@:"'<>]{20,200}(?=@)/gi],
  ['token', /(\b(?:bearer|basic)[ \t]+)(?=[^\s]{0,200}[\d=])[\w.~+/=-]{12,}/gi],
  ['token', /(hooks\.slack\.com\/(?:services|workflows|triggers)\/)[\w/-]+/gi],
  ['token', /(discord(?:app)?\.com\/api\/webhooks\/)[\w/-]+/gi],
  ['token', /()(?<!\d)\d{8,10}(?::|%3A)[\w-]{35}(?![\w-])/gi], // of a Telegram bot
  ['token', new RegExp(`()\\b(?:${vendorTokens.join('|')})`, 'g')],
]

export function handle({ mail }: ActionInput): ActionOutput {
  const counts = new Map<string, number>()
  const title = cut(removeSecrets(mail.subject, counts), titleMax)
  const text = removeSecrets(cutLines(mail.text, textMax), counts)
  const found = [...counts].map(([kind, count]) => `${kind} ×${count}`)
  return {
    ...(title === mail.subject ? {} : { title }),
    ...(text === mail.text ? {} : { text }),
    reason: found.length > 0 ? `removed: ${found.join(', ')}` : 'no secret was found',
  }
}

function removeSecrets(text: string, counts: Map<string, number>): string {
  let clean = text
  for (const [kind, pattern] of rules) {
    clean = clean.replace(pattern, (match: string, kept: string) => {
      const left = `${kept}${removed}`
      // An earlier rule was here already.
      if (match !== left) counts.set(kind, (counts.get(kind) ?? 0) + 1)
      return left
    })
  }
  return clean
}

/** Only whole lines are kept: the first half of a token would not be known as one. */
function cutLines(text: string, max: number): string {
  if (text.length <= max) return text
  return `${text.slice(0, text.lastIndexOf('\n', max) + 1)}…`
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
