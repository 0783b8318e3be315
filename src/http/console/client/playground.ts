/** Adds to the playground: the draft is kept in this browser, and a place in it is one click away. */
const lengthMax = 500_000
const waitMs = 500

const form = document.querySelector<HTMLFormElement>('form[data-draft-of]')
const draft = form?.querySelector<HTMLTextAreaElement>('textarea[name="draft"]')
if (form && draft) {
  const key = `mailtrigger-draft:${form.dataset.draftOf ?? ''}`
  if (form.dataset.fresh) offerKept(form, draft, key)
  else keep(key, draft.value)
  keepWhileTyping(draft, key)
  followPlaces(draft)
  draft.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      form.requestSubmit(form.querySelector<HTMLButtonElement>('button[value="try"]'))
    }
  })
}

/** A full or forbidden storage only means that nothing is kept. */
function keep(key: string, text: string): void {
  if (text.length > lengthMax) return
  try {
    localStorage.setItem(key, text)
  } catch {
    return
  }
}

function readKept(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function keepWhileTyping(area: HTMLTextAreaElement, key: string): void {
  let timer: number | undefined
  area.addEventListener('input', () => {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => keep(key, area.value), waitMs)
  })
  window.addEventListener('pagehide', () => {
    if (timer !== undefined) keep(key, area.value)
  })
}

/** Never in the place of what the page shows unless it is asked for: the file may have changed since. */
function offerKept(place: HTMLFormElement, area: HTMLTextAreaElement, key: string): void {
  const kept = readKept(key)
  if (kept === null || kept === area.value) return
  const note = document.createElement('p')
  note.className = 'note kept-draft'
  note.setAttribute('role', 'status')
  note.append('This browser has kept a draft of this file. ')
  note.append(
    button('Go on with it', () => {
      area.value = kept
      note.remove()
      area.focus()
    }),
    ' ',
    button('Forget it', () => {
      localStorage.removeItem(key)
      note.remove()
    }),
  )
  place.before(note)
}

function button(label: string, act: () => void): HTMLButtonElement {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = 'button'
  made.textContent = label
  made.addEventListener('click', act)
  return made
}

function followPlaces(area: HTMLTextAreaElement): void {
  document.addEventListener('click', (event) => {
    const link = (event.target as Element | null)?.closest<HTMLAnchorElement>('a[data-line]')
    if (!link) return
    event.preventDefault()
    moveTo(area, Number(link.dataset.line), Number(link.dataset.column))
  })
}

/** Lines and columns count from 1. */
function moveTo(area: HTMLTextAreaElement, line: number, column: number): void {
  const lines = area.value.split('\n')
  const before = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0)
  const start = Math.min(area.value.length, before + column - 1)
  const end = before + (lines[line - 1]?.length ?? 0)
  area.focus()
  area.setSelectionRange(start, Math.max(start, end))
  area.scrollTop = (area.scrollHeight / Math.max(1, lines.length)) * Math.max(0, line - 6)
  area.scrollIntoView({ block: 'nearest' })
}
