/** Views of one thing, each with an address of its own. */
export function Tabs({
  label,
  tabs,
  current,
}: {
  label: string
  tabs: { id: string; label: string; href: string; count?: number }[]
  current: string
}) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a href={tab.href} aria-current={tab.id === current ? 'page' : undefined}>
          {tab.label}
          {tab.count === undefined ? null : <span class="count"> {tab.count}</span>}
        </a>
      ))}
    </nav>
  )
}
