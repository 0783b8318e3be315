declare const htmx: { ajax: (verb: string, path: string, context: Record<string, string>) => Promise<void> }

/** At most one refresh in this time, however much happens. */
const refreshMsMin = 1_000
/** Faster than this the list would jump under the reader's eyes: it says how much is new, and waits to be asked. */
const eventsPerRefreshMax = 10
const names = [
  'mail.stored',
  'mail.routed',
  'delivery.settled',
  'run.finished',
  'mail.rejected',
  'notification.acknowledged',
  'notification.resolved',
  'monitor.down',
  'monitor.up',
  'disk.full',
  'disk.ok',
  'config.reloaded',
  'config.rejected',
]

/** Keeps parts of the page that say `data-live` as they are on the server, while the page is looked at. */
export function followEvents(): void {
  if (!document.querySelector('[data-live]')) return
  let source: EventSource | null = null
  let waiting = 0
  let stored = 0
  let timer: number | undefined
  const state = document.querySelector<HTMLElement>('[data-live-state]')

  const refresh = (): void => {
    timer = undefined
    const isFast = waiting > eventsPerRefreshMax
    const count = stored
    waiting = 0
    stored = 0
    const list = document.querySelector<HTMLElement>('[data-live]')
    if (!list) return
    const isOffered = list.dataset.live === 'mails' && count > 0
    if (isOffered && (isFast || isInUse(list))) offer(list, count)
    else if (!isInUse(list)) void reload(list)
  }
  const onEvent = (event?: Event): void => {
    waiting++
    if (event?.type === 'mail.stored') stored++
    if (timer === undefined) timer = window.setTimeout(refresh, refreshMsMin)
  }
  const open = (): void => {
    source ??= new EventSource('/api/v1/events')
    source.onopen = () => state?.removeAttribute('hidden')
    source.onerror = () => state?.setAttribute('hidden', '')
    for (const name of names) source.addEventListener(name, onEvent)
  }
  const close = (): void => {
    source?.close()
    source = null
    state?.setAttribute('hidden', '')
  }
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return close()
    open()
    onEvent()
  })
  if (!document.hidden) open()
}

/** Nobody wants what they are choosing or reading to be replaced. */
function isInUse(list: HTMLElement): boolean {
  const isChosen = list.querySelector('input:checked, tr.chosen') !== null
  return isChosen || (list.contains(document.activeElement) && document.activeElement?.tagName !== 'A')
}

/** Whoever had reached a link with the keyboard is at it again afterwards. */
async function reload(list: HTMLElement): Promise<void> {
  const target = `#${list.id}`
  const active = document.activeElement
  const href = active instanceof HTMLElement && list.contains(active) ? active.getAttribute('href') : null
  const place = href ? linksTo(list, href).indexOf(active as HTMLElement) : -1
  await htmx.ajax('GET', `${location.pathname}${location.search}`, { target, select: target, swap: 'outerHTML' })
  const fresh = document.querySelector<HTMLElement>(target)
  if (!href || !fresh || document.activeElement !== document.body) return
  const links = linksTo(fresh, href)
  const link = links[place] ?? links[0]
  link?.focus({ preventScroll: true })
}

function linksTo(list: HTMLElement, href: string): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>(`a[href="${CSS.escape(href)}"]`)]
}

function offer(list: HTMLElement, count: number): void {
  let button = list.querySelector<HTMLButtonElement>('.new-rows')
  if (!button) {
    button = document.createElement('button')
    button.type = 'button'
    button.className = 'button new-rows'
    button.setAttribute('aria-live', 'polite')
    button.addEventListener('click', () => void reload(list))
    list.prepend(button)
  }
  const known = Number(button.dataset.count ?? 0) + count
  button.dataset.count = String(known)
  button.textContent = `${known} new – show`
}
