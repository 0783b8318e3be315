import { appriseCommand, appriseKey, appriseUrls } from './apprise.js'
import { discord } from './discord.js'
import { email } from './email.js'
import { jiraServiceManagement, opsgenie } from './genie.js'
import { googlechat } from './googlechat.js'
import { gotify } from './gotify.js'
import { inbox } from './inbox.js'
import { line } from './line.js'
import { log } from './log.js'
import { matrix } from './matrix.js'
import { mattermost } from './mattermost.js'
import { mqtt } from './mqtt.js'
import { ntfy } from './ntfy.js'
import { onesignal } from './onesignal.js'
import { pagerduty } from './pagerduty.js'
import { pushbullet } from './pushbullet.js'
import { beamsInterests, beamsUsers } from './pusher-beams.js'
import { pushover } from './pushover.js'
import { rocketchat } from './rocketchat.js'
import { signal } from './signal.js'
import { slackBot, slackWebhook } from './slack.js'
import { snsFifo, snsPhone, snsTopic } from './sns.js'
import { teams } from './teams.js'
import { telegram } from './telegram.js'
import { twilioSms } from './twilio-sms.js'
import { twilioVoice } from './twilio-voice.js'
import type { OwnVendor, Vendor } from './vendor.js'
import { vonageSms } from './vonage-sms.js'
import { webhook } from './webhook.js'
import { webpush } from './webpush.js'
import { whatsappButtons, whatsappSession, whatsappTemplate, whatsappTwilio } from './whatsapp.js'
import { zulipChannel, zulipDirect } from './zulip.js'

/** One line a vendor; the contract test finds them by kind. */
export const vendors: readonly (Vendor | OwnVendor)[] = [
  telegram,
  email,
  slackBot,
  slackWebhook,
  discord,
  teams,
  googlechat,
  mattermost,
  rocketchat,
  webhook,
  pagerduty,
  twilioSms,
  ntfy,
  opsgenie,
  jiraServiceManagement,
  pushover,
  gotify,
  vonageSms,
  appriseKey,
  appriseUrls,
  appriseCommand,
  twilioVoice,
  matrix,
  zulipDirect,
  zulipChannel,
  webpush,
  pushbullet,
  onesignal,
  whatsappTemplate,
  whatsappSession,
  whatsappButtons,
  whatsappTwilio,
  signal,
  beamsUsers,
  beamsInterests,
  line,
  mqtt,
  inbox,
  log,
  snsTopic,
  snsFifo,
  snsPhone,
]
