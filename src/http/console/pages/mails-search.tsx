import { mailStatuses } from '../../../domain/delivery.js'
import { SearchForm } from '../elements/search-form.js'
import type { Searched } from '../read-search.js'

export function MailSearch({ search, problem }: { search: string; problem: Searched['problem'] }) {
  return (
    <SearchForm
      action="/mails"
      label="Search mails"
      search={search}
      placeholder="disk full from:monit state:failed after:2h -test"
      listId="mails-found"
      lengthMax={500}
      isRefused={problem !== null}
    >
      <SearchHelp />
    </SearchForm>
  )
}

const words: [string, string][] = [
  ['disk full', 'both words, anywhere in subject, addresses or text'],
  ['"disk full"', 'the words one behind the other'],
  ['back*', 'words that begin so; at least three letters'],
  ['-test or !test', 'not this; before any word or key'],
  ['from:monit', 'in the sender; so do to: rcpt: subject: body:'],
  ['route:"Disk alerts"', 'what this route sent; channel:telegram what went there'],
  ['state:unrouted', mailStatuses.join(', ')],
  ['has:attachment', 'with a file'],
  ['after:2h before:2026-11-20', 'since, until: a span back from now, a date or a time'],
  ['larger:5MB smaller:20KB', 'by size'],
  ['id:01J…', 'one mail by its id'],
]

function SearchHelp() {
  return (
    <details class="search-help">
      <summary>How to search</summary>
      <table>
        <caption class="hidden">Words of a search</caption>
        <tbody>
          {words.map(([word, meaning]) => (
            <tr>
              <td>
                <code>{word}</code>
              </td>
              <td>{meaning}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}

/** By the state alone, or what is searched for in another state. */
export function StateChips({ search }: { search: string }) {
  const current = /(?:^|\s)state:(\w+)/.exec(search)?.[1] ?? null
  const others = search
    .replace(/(^|\s)state:\w+/g, '$1')
    .replace(/\s+/g, ' ')
    .trim()
  const hrefOf = (text: string) => (text ? `/mails?search=${encodeURIComponent(text)}` : '/mails')
  return (
    <nav class="chips" aria-label="States">
      <a href={hrefOf(others)} aria-current={current === null ? 'true' : undefined}>
        all
      </a>
      {mailStatuses.map((status) => (
        <a href={hrefOf(`${others} state:${status}`.trim())} aria-current={status === current ? 'true' : undefined}>
          {status}
        </a>
      ))}
    </nav>
  )
}
