import { mailPages } from './mail.js'
import { mailFiles } from './mail-files.js'
import { mailsPages } from './mails.js'
import { overviewPages } from './overview.js'
import type { MountPage } from './page.js'

/** THE list of the console's pages. */
export const pages: readonly MountPage[] = [overviewPages, mailsPages, mailPages, mailFiles]
