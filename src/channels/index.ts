import type { ChannelKind } from '../domain/channel.js'
import { apprise } from './apprise.js'
import { discord } from './discord.js'
import { email } from './email.js'
import { googlechat } from './googlechat.js'
import { gotify } from './gotify.js'
import { inbox } from './inbox.js'
import { jiraServiceManagement } from './jira-service-management.js'
import { line } from './line.js'
import { log } from './log.js'
import { matrix } from './matrix.js'
import { mattermost } from './mattermost.js'
import { mqtt } from './mqtt.js'
import { ntfy } from './ntfy.js'
import { onesignal } from './onesignal.js'
import { opsgenie } from './opsgenie.js'
import { pagerduty } from './pagerduty.js'
import { pushbullet } from './pushbullet.js'
import { pusherBeams } from './pusher-beams.js'
import { pushover } from './pushover.js'
import { rocketchat } from './rocketchat.js'
import { signal } from './signal.js'
import { slack } from './slack.js'
import { sns } from './sns.js'
import { teams } from './teams.js'
import { telegram } from './telegram.js'
import { twilioSms } from './twilio-sms.js'
import { twilioVoice } from './twilio-voice.js'
import { vonageSms } from './vonage-sms.js'
import { webhook } from './webhook.js'
import { webpush } from './webpush.js'
import { whatsapp } from './whatsapp.js'
import { zulip } from './zulip.js'

/** THE list: config, JSON Schema, console forms, docs and the contract test all read it. */
export const channelKinds: readonly ChannelKind[] = [
  telegram,
  email,
  slack,
  discord,
  teams,
  googlechat,
  mattermost,
  rocketchat,
  matrix,
  zulip,
  signal,
  whatsapp,
  line,
  ntfy,
  pushover,
  gotify,
  pushbullet,
  onesignal,
  pusherBeams,
  webpush,
  twilioSms,
  vonageSms,
  twilioVoice,
  pagerduty,
  opsgenie,
  jiraServiceManagement,
  webhook,
  mqtt,
  sns,
  apprise,
  inbox,
  log,
]

export function findChannelKind(kind: string): ChannelKind | null {
  return channelKinds.find((known) => known.kind === kind) ?? null
}
