/** How the gateway names itself to every server it asks. */
export const userAgent = 'MailTrigger/0.1 (+https://mailtrigger.app)'
