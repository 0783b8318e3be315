import { defineGenie, genieKeyStep, genieSettings } from './genie-alerts.js'

const root = 'https://api.atlassian.com/jsm/ops/integration'

/** The alerts of Opsgenie behind Atlassian's own address, with the key of an API integration made there. */
export const jiraServiceManagement = defineGenie({
  kind: 'jira_service_management',
  label: 'Jira Service Management',
  description: 'Opens, acknowledges and closes alerts of Jira Service Management operations.',
  guide: {
    steps: ['In Jira Service Management: the team’s Operations, Integrations, Add integration, API.', genieKeyStep],
    note: null,
  },
  settings: genieSettings,
  root: ({ base_url }) => base_url ?? root,
})
