import { cutText } from './cut-text.js'

const labelLengthMax = 80

export interface Advice {
  text: string
  /** Where it is mended; null when retrying is all there is. */
  link: { label: string; href: string } | null
}

interface Kind {
  /** Looked for in the vendor's words; the first kind that is found counts. */
  words: RegExp
  text: string
  place: 'channel' | 'people' | 'network' | null
}

const kinds: Kind[] = [
  {
    words:
      /\b401\b|\b535\b|unauthori[sz]ed|credential|authenticat|(?:invalid|wrong|bad|expired|revoked)[\w ]{0,20}(?:token|key|secret|password)|(?:token|key|secret|password)[\w ]{0,20}(?:invalid|wrong|expired|revoked)|account_inactive/i,
    text: "The channel's credentials are refused. Enter valid ones, test the channel, then retry.",
    place: 'channel',
  },
  {
    words:
      /blocked by|deactivated|unsubscribed|opted out|(?:chat|user|member|recipient|mailbox|subscriber|device)\b[^.]{0,40}\b(?:not found|unknown|unavailable|gone|does not exist)|(?:no such|unknown|invalid) (?:user|recipient|mailbox|number|address)|not a mail address|\b55[0134]\b/i,
    text: 'The recipient cannot be reached there: they left, blocked the sender, or the address is wrong. Mend the address, or ask them to let us in; then retry.',
    place: 'people',
  },
  {
    words: /\b429\b|too many|rate.?limit|quota/i,
    text: 'The vendor wanted fewer messages. Retry when its limit has room again; a `rate` on the channel keeps below it.',
    place: 'channel',
  },
  {
    words: /\b413\b|too (?:long|large|big)|payload|size limit/i,
    text: 'The vendor takes no message of this size. A shorter text by a template of the route helps; retrying alone does not.',
    place: null,
  },
  {
    words: /network policy|not allowed by|private address/i,
    text: 'The network policy forbids this address. Allow it under `server.network`, or correct the address; then retry.',
    place: 'network',
  },
  {
    words:
      /time(?:d )?.?out|ECONN|EHOST|ENET|ENOTFOUND|EAI_|getaddrinfo|refused|unreachable|socket|reset|network|tls|certificate|not sent within|\b5\d\d\b/i,
    text: 'The vendor, or the way to it, was down for as long as there were retries. Test the channel; when it works, retry.',
    place: 'channel',
  },
  {
    words: /\b40[345]\b|\b410\b|forbidden|not found|gone|permission|not allowed|no such/i,
    text: "What the channel sends to is gone, or may not be written to. Check its settings and the vendor's permissions, test it, then retry.",
    place: 'channel',
  },
  {
    words: /\b4\d\d\b|invalid|bad request|malformed/i,
    text: 'The vendor does not take these messages as they are. Look at one of them and at what the vendor says; a template may have to change.',
    place: 'channel',
  },
]

/** What is known of some of them. */
interface Known {
  /** Some were tried; those that never were are held back on purpose. */
  wasTried: boolean
  /** They go to people, and not to a destination that the channel names itself. */
  hasRecipients: boolean
}

/** What to do about dead letters of a channel with an error, for people. */
export function adviseDeadLetter(channel: string, error: string, { wasTried, hasRecipients }: Known): Advice {
  const toChannel = {
    label: `Settings of ${cutText(channel, labelLengthMax)}`,
    href: `/channels/${encodeURIComponent(channel)}`,
  }
  if (!wasTried) {
    const text =
      'They were held back on purpose: a step failed, and their route says `on_error: hold`. Mend the step and replay the mail, or send them as they are by retrying.'
    return { text, link: null }
  }
  const kind = kinds.find(({ words }) => words.test(error))
  if (!kind) return { text: "Look at one of them: its attempts have the vendor's own words.", link: toChannel }
  const links = {
    channel: toChannel,
    people: hasRecipients ? { label: 'People', href: '/people' } : toChannel,
    network: { label: 'Config', href: '/config' },
  }
  return { text: kind.text, link: kind.place === null ? null : links[kind.place] }
}
