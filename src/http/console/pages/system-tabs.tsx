import { Tabs } from '../elements/tabs.js'

const tabs = [
  { id: 'system', label: 'State', href: '/system' },
  { id: 'rejections', label: 'Rejected', href: '/system/rejections' },
  { id: 'audit', label: 'Changes', href: '/system/audit' },
  { id: 'access', label: 'Users and tokens', href: '/system/access' },
]

/** The pages about the server itself. */
export function SystemTabs({ current }: { current: 'system' | 'rejections' | 'audit' | 'access' }) {
  return <Tabs label="System" tabs={tabs} current={current} />
}

/** Where a page is that stands beside the first one. */
export const aboveSystem = [{ label: 'System', href: '/system' }]
