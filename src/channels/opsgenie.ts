import { z } from 'zod'
import { defineGenie, genieKeyStep, genieSettings } from './genie-alerts.js'

const roots = { us: 'https://api.opsgenie.com', eu: 'https://api.eu.opsgenie.com' }

const settings = genieSettings.extend({ region: z.enum(['us', 'eu']).default('us').describe('Where the account is.') })

/** Its API ends on 5 April 2027 (Atlassian, "Opsgenie end of support"); the same alerts go to Jira Service Management. */
export const opsgenie = defineGenie<z.infer<typeof settings>>({
  kind: 'opsgenie',
  label: 'Opsgenie',
  description: 'Opens, acknowledges and closes Opsgenie alerts; Opsgenie itself ends in April 2027.',
  guide: {
    steps: [
      'In Opsgenie: the team, Integrations, Add integration, API.',
      genieKeyStep,
      'Choose `eu` where the account is in Europe.',
    ],
    note: 'Opsgenie ends on 5 April 2027: what moves to Jira Service Management gets a channel of that kind.',
  },
  settings,
  root: ({ base_url, region }) => base_url ?? roots[region],
})
