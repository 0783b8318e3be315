/**
 * One key each: `/` search, `j` and `k` go down and up a list, `o` or Enter opens, `r` sends the page's main form,
 * `g` then a letter goes to a section, `?` says all this. The dialog, which the menu opens as well, turns them off and on
 * again (WCAG 2.2, 2.1.4).
 */
export function listenToKeys(): void {
  let isGoing = false
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || areOff()) return
    const wasGoing = isGoing
    isGoing = event.key === 'g' && !wasGoing
    const act = wasGoing ? goTo(event.key) : actions[event.key]
    if (isGoing || act) event.preventDefault()
    act?.()
  })
  const button = document.querySelector<HTMLElement>('[data-keys]')
  button?.removeAttribute('hidden')
  button?.addEventListener('click', showKeys)
}

/** After `g`: the letter of a section. */
const sections: Record<string, [href: string, label: string]> = {
  o: ['/', 'overview'],
  m: ['/mails', 'mails'],
  n: ['/notifications', 'notifications'],
  d: ['/deliveries', 'deliveries'],
  x: ['/dead-letters', 'dead letters'],
  r: ['/routes', 'routes'],
  p: ['/playground', 'playground'],
  c: ['/channels', 'channels'],
  a: ['/actions', 'actions'],
  j: ['/jobs', 'jobs'],
  w: ['/monitors', 'monitors'],
  s: ['/stats', 'stats'],
  y: ['/system', 'system'],
}

function goTo(key: string): (() => void) | undefined {
  const section = Object.hasOwn(sections, key) ? sections[key] : undefined
  return section && (() => location.assign(section[0]))
}

const actions: Record<string, () => void> = {
  '/': () => document.querySelector<HTMLInputElement>('search input')?.focus(),
  j: () => choose(1),
  k: () => choose(-1),
  o: () => chosenLink()?.click(),
  r: () => document.querySelector<HTMLButtonElement>('.heading .button.primary')?.click(),
  '?': showKeys,
}

function areOff(): boolean {
  return localStorage.getItem('keys') === 'off'
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  )
}

/** Rows that lead somewhere; what is folded away (the help of a search) takes no focus. */
function rows(): HTMLElement[] {
  const all = [...document.querySelectorAll<HTMLElement>('main tbody tr')]
  return all.filter((row) => row.checkVisibility() && row.querySelector('a') !== null)
}

function choose(step: number): void {
  const all = rows()
  if (all.length === 0) return
  const before = all.findIndex((row) => row.classList.contains('chosen'))
  const index = before < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(before + step, 0), all.length - 1)
  all[before]?.classList.remove('chosen')
  const row = all[index]
  row?.classList.add('chosen')
  row?.querySelector<HTMLElement>('a')?.focus()
}

function chosenLink(): HTMLElement | null {
  return document.querySelector<HTMLElement>('tbody tr.chosen a')
}

const help: [string, string][] = [
  ['/', 'search'],
  ['j k', 'down and up the list'],
  ['o', 'open the chosen row'],
  ['r', "the page's main button (Replay, Save …)"],
  ...Object.entries(sections).map(([key, [, label]]): [string, string] => [`g ${key}`, `go to ${label}`]),
  ['?', 'this help'],
]

function showKeys(): void {
  const before = document.querySelector<HTMLDialogElement>('dialog.keys')
  if (before) {
    before.showModal()
    return
  }
  const dialog = document.createElement('dialog')
  dialog.className = 'keys'
  dialog.setAttribute('aria-label', 'Keys')
  const list = document.createElement('dl')
  for (const [keys, what] of help) {
    const name = document.createElement('dt')
    for (const key of keys.split(' ')) {
      const shown = document.createElement('kbd')
      shown.textContent = key
      name.append(shown, ' ')
    }
    const meaning = document.createElement('dd')
    meaning.textContent = what
    list.append(name, meaning)
  }
  const off = document.createElement('button')
  off.className = 'button'
  const say = (): void => {
    off.textContent = areOff() ? 'Turn single keys on again' : 'Turn single keys off in this browser'
  }
  say()
  off.addEventListener('click', () => {
    localStorage.setItem('keys', areOff() ? 'on' : 'off')
    say()
  })
  const close = document.createElement('button')
  close.className = 'button primary'
  close.textContent = 'Close'
  close.addEventListener('click', () => dialog.close())
  const buttons = document.createElement('p')
  buttons.className = 'actions'
  buttons.append(off, close)
  dialog.append(list, buttons)
  document.body.append(dialog)
  dialog.showModal()
}
