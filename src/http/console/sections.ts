import type { IconName } from './elements/icon.js'

/** The console's menu, in its order. A page says which of these it belongs to. */
export const sections = [
  { id: 'overview', label: 'Overview', href: '/', icon: 'home' },
  { id: 'mails', label: 'Mails', href: '/mails', icon: 'mail' },
  { id: 'notifications', label: 'Notifications', href: '/notifications', icon: 'bell' },
  { id: 'deliveries', label: 'Deliveries', href: '/deliveries', icon: 'send' },
  { id: 'dead-letters', label: 'Dead letters', href: '/dead-letters', icon: 'skull' },
  { id: 'routes', label: 'Routes', href: '/routes', icon: 'route' },
  { id: 'playground', label: 'Playground', href: '/playground', icon: 'flask' },
  { id: 'channels', label: 'Channels', href: '/channels', icon: 'channel' },
  { id: 'people', label: 'People', href: '/people', icon: 'people' },
  { id: 'actions', label: 'Actions', href: '/actions', icon: 'code' },
  { id: 'jobs', label: 'Jobs', href: '/jobs', icon: 'calendar' },
  { id: 'monitors', label: 'Monitors', href: '/monitors', icon: 'pulse' },
  { id: 'silences', label: 'Silences', href: '/silences', icon: 'muted' },
  { id: 'stats', label: 'Stats', href: '/stats', icon: 'chart' },
  { id: 'config', label: 'Config', href: '/config', icon: 'file' },
  { id: 'system', label: 'System', href: '/system', icon: 'gear' },
] as const satisfies { id: string; label: string; href: string; icon: IconName }[]

/** The account is no section of the menu: the way there is the reader's own name. */
export type SectionId = (typeof sections)[number]['id'] | 'account'
