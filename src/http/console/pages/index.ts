import { actionPages } from './action.js'
import { actionTryPages } from './action-try.js'
import { actionsPages } from './actions.js'
import { changeChannelPages } from './change-channel.js'
import { channelPages } from './channel.js'
import { channelsPages } from './channels.js'
import { configPages } from './config.js'
import { deadLetterActs } from './dead-letter-acts.js'
import { deadLettersPages } from './dead-letters.js'
import { deliveriesPages } from './deliveries.js'
import { deliveryPages } from './delivery.js'
import { inboxPages } from './inbox.js'
import { jobPages } from './job.js'
import { jobActs } from './job-acts.js'
import { jobDatabasePages } from './job-database.js'
import { jobSettingsPages } from './job-settings.js'
import { jobsPages } from './jobs.js'
import { linkPersonPages } from './link-person.js'
import { mailPages } from './mail.js'
import { mailActs } from './mail-acts.js'
import { mailFiles } from './mail-files.js'
import { mailsPages } from './mails.js'
import { mailDeletion } from './mails-delete.js'
import { mailExport } from './mails-export.js'
import { mailReplay } from './mails-replay.js'
import { savedSearchActs } from './mails-tools.js'
import { monitorPages } from './monitor.js'
import { monitorsPages } from './monitors.js'
import { newChannelPages } from './new-channel.js'
import { notificationPages } from './notification.js'
import { notificationsPages } from './notifications.js'
import { overviewPages } from './overview.js'
import { overviewActs } from './overview-acts.js'
import type { MountPage } from './page.js'
import { peoplePages } from './people.js'
import { personPages } from './person.js'
import { playgroundPages } from './playground.js'
import { retriedGroupPages } from './retried-group.js'
import { routePages } from './route.js'
import { routesPages } from './routes.js'
import { rulesPages } from './rules.js'
import { runPages } from './run.js'
import { silencesPages } from './silences.js'
import { statsPages } from './stats.js'
import { systemPages } from './system.js'
import { accessPages } from './system-access.js'
import { auditPages } from './system-audit.js'
import { rejectionPages } from './system-rejections.js'

/** THE list of the console's pages. */
export const pages: readonly MountPage[] = [
  overviewPages,
  overviewActs,
  mailsPages,
  mailReplay,
  mailDeletion,
  mailExport,
  savedSearchActs,
  mailPages,
  mailFiles,
  mailActs,
  deliveriesPages,
  deliveryPages,
  deadLettersPages,
  deadLetterActs,
  retriedGroupPages,
  notificationsPages,
  notificationPages,
  silencesPages,
  monitorsPages,
  monitorPages,
  rulesPages,
  channelsPages,
  newChannelPages,
  changeChannelPages,
  channelPages,
  inboxPages,
  peoplePages,
  linkPersonPages,
  personPages,
  configPages,
  routesPages,
  routePages,
  playgroundPages,
  actionsPages,
  actionPages,
  actionTryPages,
  jobsPages,
  jobPages,
  jobActs,
  jobDatabasePages,
  jobSettingsPages,
  runPages,
  statsPages,
  systemPages,
  rejectionPages,
  auditPages,
  accessPages,
]
