/** How one gets what the form for a channel asks for. Backticks stand around what is written as it is. */
export interface SetupGuide {
  /** In their order. */
  steps: string[]
  /** What goes wrong most often, or what one has to know. */
  note: string | null
}

const guide = (steps: string[], note: string | null = null): SetupGuide => ({ steps, note })

const twilioAccount =
  'In the Twilio console, copy the Account SID (AC…) and the Auth Token from the account’s front page.'
const genieKey = 'Copy its API key. It may create and close alerts, which is all that is needed.'

/** By kind: one for each kind of THE list. */
export const setupGuides: Readonly<Record<string, SetupGuide>> = {
  telegram: guide(
    [
      'In Telegram, write `/newbot` to @BotFather, and choose a name. It answers with the token.',
      'For people: leave the chat empty, save, and make each of them a link under People. Whoever opens it is entered.',
      'For a group: add the bot to it, save, and write `/start` there. The channel’s page then lists the chat with its id.',
      'For a topic of a group write `id:topic`; for a public channel `@name`, with the bot as an administrator of it.',
    ],
    'A bot cannot write first: each person has to have opened a chat with it once.',
  ),
  email: guide(
    [
      'Ask who runs your mail for the server that takes mail from programs, its port, a user and a password.',
      'Port 587 begins in plain text and turns to TLS; port 465 is TLS from its first byte.',
      'Name a sender which that server lets you use. Leave “to” empty to write to each recipient.',
    ],
    'Providers with two-step sign-in want a password made for one app, not the one of the account.',
  ),
  slack: guide(
    [
      'At api.slack.com/apps, make an app in your workspace.',
      'For one channel: turn on Incoming Webhooks, add one to the workspace, and copy its URL.',
      'For several channels and people: give the app the bot scope `chat:write`, install it, and copy the token (xoxb-…).',
      'A bot has to be invited to each channel: `/invite @bot`.',
    ],
    'With the bot’s token, messages are changed when somebody acknowledges; a webhook cannot do that.',
  ),
  discord: guide(
    [
      'Open the settings of the channel, then Integrations, then Webhooks.',
      'Make a webhook and copy its URL.',
      'For a thread, turn on developer mode and copy the thread’s id. A forum needs a name for its threads.',
    ],
    'Ids of roles and members are copied in developer mode, too: a right click on them.',
  ),
  teams: guide(
    [
      'In Teams, open the menu of the channel or chat, and choose Workflows.',
      'Take the template that posts to a channel when a webhook request is received, and name where to post.',
      'Copy the URL it shows, whole, with everything after the question mark.',
    ],
    'Teams takes each message before its workflow has run: only looking there shows that it arrived. URLs at webhook.office.com work no more.',
  ),
  googlechat: guide(
    [
      'Open the space in Google Chat in a browser, and its menu: Apps and integrations.',
      'Add a webhook and copy its URL, with key and token.',
    ],
    'All webhooks of a space share 60 messages a minute.',
  ),
  mattermost: guide([
    'In the menu of the server: Integrations, then Incoming Webhooks. An administrator may have to allow them.',
    'Make one for a channel, and copy its URL.',
    'To write to people, turn on “direct”, and do not lock the webhook to its channel.',
  ]),
  rocketchat: guide([
    'As an administrator: Workspace, Integrations, New, Incoming.',
    'Turn it on, choose a channel and the user to post as, save, and copy the webhook URL.',
    'To write to people or to other channels, allow the override of the destination channel.',
  ]),
  matrix: guide(
    [
      'Make a user for MailTrigger on your homeserver, and sign in as it once.',
      'In Element: Settings, Help & About, Advanced shows its access token. Do not sign out afterwards: that ends the token.',
      'Invite the user to the room and accept. The room’s id (!…) stands under its settings, Advanced.',
    ],
    'In rooms with encryption the messages are marked as not encrypted.',
  ),
  zulip: guide(
    [
      'In your organization: Personal settings, Bots, Add a new bot, of the type Incoming webhook or Generic.',
      'Copy the bot’s mail address and its API key.',
      'Name the channel to post to, or leave it empty to write to people.',
    ],
    'A bot of the type Incoming webhook can only post: that is enough.',
  ),
  signal: guide(
    [
      'Run signal-cli-rest-api, and link it to an account: open `/v1/qrcodelink?device_name=mailtrigger` of it, and scan the code in Signal under Linked devices.',
      'Enter its address and the number of that account.',
      'Groups are named by the id (group.…) which `/v1/groups/<number>` of it lists.',
    ],
    'After many messages to strangers Signal asks for a captcha, which the server’s log explains.',
  ),
  whatsapp: guide(
    [
      'At Meta: make an app with WhatsApp at developers.facebook.com, and add your number. Its page shows the phone number id.',
      'Make a system user with a token that may `whatsapp_business_messaging`, and copy it: tokens of the first page end after a day.',
      'Have a template of the category utility approved, with as many variables as you name under parameters.',
      'To hear of buttons and results, enter `/hooks/<channel>` of this server as the app’s webhook, with the verify token.',
      'At Twilio instead: the account, its token, the sender’s number, and the content id of the template (HX…).',
    ],
    'Who has not written to you within 24 hours gets nothing but approved templates.',
  ),
  line: guide(
    [
      'In the LINE Developers console, make a provider and a Messaging API channel.',
      'On the tab Messaging API, issue a long-lived channel access token.',
      'Your own user id stands on the tab Basic settings; those of others come in webhook events.',
    ],
    'A person has to be a friend of the official account. The free plan has a monthly quota.',
  ),
  ntfy: guide(
    [
      'Choose a topic that nobody guesses: on ntfy.sh whoever knows it reads along.',
      'Subscribe to it in the ntfy app.',
      'On a server with accounts, make a token (tk_…) that may write to the topic.',
    ],
    'ntfy.sh takes 250 messages a day of each address for free.',
  ),
  pushover: guide([
    'At pushover.net, make an application, and copy its API token.',
    'Each person’s user key stands on the front page after signing in; a delivery group has a key of its own.',
    'For alarms that sound until somebody acknowledges, enter how often and for how long.',
  ]),
  gotify: guide(['In Gotify’s web page: Apps, Create Application.', 'Copy its token. A client’s token can only read.']),
  pushbullet: guide(
    [
      'At pushbullet.com: Settings, Account, Create Access Token.',
      'People are reached by the mail address of their account, or name a device or a channel of yours.',
    ],
    'Free accounts send 500 pushes a month.',
  ),
  onesignal: guide(
    [
      'In the dashboard of your app: Settings, Keys & IDs. Copy the app id and a REST API key.',
      'People are reached by the external id that your app gave them; or name segments of it.',
    ],
    'A push to which nobody is subscribed counts as failed.',
  ),
  pusher_beams: guide([
    'In the Pusher dashboard, open your Beams instance: Keys has the instance id and the primary key.',
    'People are reached by the id with which your app signed them in; or name interests.',
  ]),
  webpush: guide(
    [
      'Run `npx web-push generate-vapid-keys`, and enter the private key here.',
      'Your page subscribes with the public key. What it gets, as JSON, is the person’s address.',
      'Enter a mail address of yours (mailto:…), for the push services to ask.',
    ],
    'A browser that takes its permission back is gone for good: it has to subscribe again.',
  ),
  twilio_sms: guide(
    [
      twilioAccount,
      'Enter a number of the account as the sender, or a messaging service (MG…).',
      'A trial account sends to verified numbers only.',
    ],
    'With `server.http.public_url` set, Twilio says later whether a message arrived, and that counts.',
  ),
  vonage_sms: guide(
    [
      'In the Vonage dashboard, copy the API key and the API secret from the front page.',
      'Enter a number you rent there, or a name of at most 11 characters where the country allows names.',
    ],
    'In the USA and Canada only a rented number works.',
  ),
  twilio_voice: guide(
    [
      twilioAccount,
      'Enter a number of the account that can call, with its country: +1….',
      'Set `server.http.public_url`, so that a pressed key reaches this server.',
    ],
    'Answering machines pick up, too: only the key acknowledges.',
  ),
  pagerduty: guide([
    'Open the service in PagerDuty: Integrations, Add an integration, Events API V2.',
    'Copy its integration key: 32 letters and digits.',
    'For an account in Europe enter `https://events.eu.pagerduty.com` as the base URL.',
  ]),
  opsgenie: guide(
    [
      'In Opsgenie: the team, Integrations, Add integration, API.',
      genieKey,
      'Choose `eu` where the account is in Europe.',
    ],
    'Opsgenie ends on 5 April 2027: what moves to Jira Service Management gets a channel of that kind.',
  ),
  jira_service_management: guide([
    'In Jira Service Management: the team’s Operations, Integrations, Add integration, API.',
    genieKey,
  ]),
  webhook: guide(
    [
      'Enter a URL of yours that takes JSON by POST. What comes is shown under docs/samples.',
      'With a secret each request is signed: `X-Webhook-Signature` is the HMAC-SHA256 of the body.',
      'Whatever answers 2xx has taken it; 410 means never again.',
    ],
    'To please a service with a format of its own, write the body as JSON, with `{{ title }}` and `{{ text }}` in it.',
  ),
  mqtt: guide([
    'Run `npm install mqtt` beside MailTrigger, once.',
    'Enter the broker, and a user that may publish to the topic.',
    'A topic here gets everything; without it, each person has a topic.',
  ]),
  sns: guide(
    [
      'In IAM, make a user that may `sns:Publish`, and an access key for it.',
      'Enter the region and the ARN of the topic; leave the ARN empty to send text messages to people.',
    ],
    'A new account sends text messages to verified numbers only.',
  ),
  apprise: guide(
    [
      'Run the Apprise API server and enter its address with the key of a configuration kept there; or install the tool and enter `apprise`.',
      'Or enter URLs of Apprise itself, one for each service.',
    ],
    'Apprise does not say which of several services failed, and tells some failures as successes: a kind of its own is better where there is one.',
  ),
  inbox: guide(['Nothing is to be set up: every recipient has an inbox, which the console shows.']),
  log: guide(['Nothing is to be set up: each notification is a line in this server’s log.']),
}
