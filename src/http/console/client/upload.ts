import { showLocalTimes } from './times.js'

/**
 * Forms that say `data-upload` show how far the upload is: `fetch` cannot tell, XMLHttpRequest can. Files may be dropped
 * on them. The server's answer is shown as it came: asked for again, it would have forgotten what it had to say.
 */
export function showUploads(): void {
  document.addEventListener('submit', (event) => {
    const form = event.target
    if (event.defaultPrevented || !isUpload(form)) return
    event.preventDefault()
    send(form)
  })
  document.addEventListener('dragover', (event) => {
    const form = formAt(event)
    if (!form) return
    event.preventDefault()
    form.classList.add('dropping')
  })
  document.addEventListener('dragleave', (event) => formAt(event)?.classList.remove('dropping'))
  document.addEventListener('drop', takeDrop)
}

function isUpload(target: EventTarget | null): target is HTMLFormElement {
  return target instanceof HTMLFormElement && target.dataset.upload !== undefined
}

function formAt(event: Event): HTMLFormElement | null {
  return event.target instanceof Element ? event.target.closest<HTMLFormElement>('form[data-upload]') : null
}

/** On a field of files it goes there, elsewhere on the form into the first one. */
function takeDrop(event: DragEvent): void {
  const form = formAt(event)
  if (!form) return
  event.preventDefault()
  form.classList.remove('dropping')
  const near = event.target instanceof Element ? event.target.closest('.field') : null
  const input =
    (near ?? form).querySelector<HTMLInputElement>('input[type="file"]') ?? form.querySelector('input[type="file"]')
  const files = event.dataTransfer?.files
  if (!(input instanceof HTMLInputElement) || !files || files.length === 0) return
  input.files = files
  input.dispatchEvent(new Event('change', { bubbles: true }))
}

function send(form: HTMLFormElement): void {
  form.querySelector('.upload-progress')?.remove()
  const progress = document.createElement('div')
  progress.className = 'upload-progress'
  const bar = document.createElement('progress')
  bar.max = 1
  bar.value = 0
  bar.setAttribute('aria-label', 'Upload')
  const words = document.createElement('p')
  words.setAttribute('role', 'status')
  progress.append(bar, words)
  form.append(progress)
  const buttons = form.querySelectorAll<HTMLButtonElement>('button')
  const setBusy = (isBusy: boolean): void => {
    for (const button of buttons) button.disabled = isBusy
  }
  const request = new XMLHttpRequest()
  request.open('POST', form.action)
  request.setRequestHeader('accept', 'text/html')
  request.upload.addEventListener('progress', ({ loaded, total, lengthComputable }) => {
    if (!lengthComputable) return
    bar.value = loaded / total
    words.textContent = loaded < total ? `${Math.round((100 * loaded) / total)} %` : 'Checking what came …'
  })
  request.addEventListener('load', () => show(request))
  request.addEventListener('error', () => {
    words.textContent = 'The server did not answer. Try again.'
    bar.remove()
    setBusy(false)
  })
  setBusy(true)
  request.send(new FormData(form))
}

function show({ responseText, responseURL, status }: XMLHttpRequest): void {
  const page = new DOMParser().parseFromString(responseText, 'text/html')
  const main = page.querySelector('#main')
  const shown = document.querySelector<HTMLElement>('#main')
  // Not one of our pages: signed out meanwhile, or a proxy that says no.
  if (!main || !shown || page.querySelector('header.menu') === null) {
    location.assign(responseURL)
    return
  }
  shown.replaceChildren(...main.children)
  if (status < 400) {
    document.title = page.title
    history.pushState(null, '', responseURL)
  }
  showLocalTimes(shown)
  shown.focus()
  window.scrollTo(0, 0)
}
