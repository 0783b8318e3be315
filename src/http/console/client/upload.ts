/**
 * Forms that say `data-upload` show how far the upload is: `fetch` cannot tell, XMLHttpRequest can. Files may be dropped
 * on them. The server's answer is the next page, as without scripts.
 */
export function showUploads(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-upload]')) {
    form.addEventListener('submit', (event) => {
      if (event.defaultPrevented) return
      event.preventDefault()
      send(form)
    })
    takeDrops(form)
  }
}

function send(form: HTMLFormElement): void {
  const bar = document.createElement('progress')
  bar.max = 1
  bar.value = 0
  bar.setAttribute('aria-label', 'Upload')
  const words = document.createElement('p')
  words.setAttribute('role', 'status')
  form.append(bar, words)
  const request = new XMLHttpRequest()
  request.open('POST', form.action)
  request.upload.addEventListener('progress', ({ loaded, total, lengthComputable }) => {
    if (!lengthComputable) return
    bar.value = loaded / total
    words.textContent = loaded < total ? `${Math.round((100 * loaded) / total)} %` : 'Checking what came …'
  })
  request.addEventListener('load', () => location.assign(request.responseURL))
  request.addEventListener('error', () => {
    words.textContent = 'The server did not answer. Try again.'
    bar.remove()
  })
  request.send(new FormData(form))
}

function takeDrops(form: HTMLFormElement): void {
  const input = form.querySelector<HTMLInputElement>('input[type="file"]')
  if (!input) return
  form.addEventListener('dragover', (event) => {
    event.preventDefault()
    form.classList.add('dropping')
  })
  form.addEventListener('dragleave', () => form.classList.remove('dropping'))
  form.addEventListener('drop', (event) => {
    event.preventDefault()
    form.classList.remove('dropping')
    const files = event.dataTransfer?.files
    if (!files || files.length === 0) return
    input.files = files
    input.dispatchEvent(new Event('change', { bubbles: true }))
  })
}
