import { email } from './email.js'
import { inbox } from './inbox.js'
import { log } from './log.js'
import { slackBot, slackWebhook } from './slack.js'
import { telegram } from './telegram.js'
import type { OwnVendor, Vendor } from './vendor.js'
import { webhook } from './webhook.js'

/** One line a vendor; the contract test finds them by kind. */
export const vendors: readonly (Vendor | OwnVendor)[] = [telegram, email, slackBot, slackWebhook, webhook, inbox, log]
