const shownMs = 2_000

/** Buttons that say `data-copy` take the text of what they point at along; without scripts they are not shown. */
export function offerCopies(): void {
  // Only a page that came by https, or of this machine, may write to the clipboard.
  if (!navigator.clipboard) return
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-copy]')) {
    button.hidden = false
    button.addEventListener('click', () => void copy(button))
  }
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const source = document.querySelector(button.dataset.copy ?? '')
  const label = button.querySelector('span')
  if (!source || !label) return
  const before = label.textContent
  await navigator.clipboard.writeText(source.textContent ?? '')
  label.textContent = 'Copied'
  window.setTimeout(() => {
    label.textContent = before
  }, shownMs)
}
