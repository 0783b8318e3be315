/** Forms that say `data-confirm` are asked about before they are sent; without scripts they are sent as they are. */
export function askBeforeSending(): void {
  document.addEventListener('submit', (event) => {
    const question = (event.target as HTMLFormElement).dataset.confirm
    if (question && !window.confirm(question)) event.preventDefault()
  })
}
