import { describe, expect, it } from 'vitest'
import { chooseMails } from '#src/cli/choose-mails.js'
import type { Cli } from '#src/cli/cli.js'
import type { Client } from '#src/cli/client.js'

/** A server with so many mails, page by page; what was asked of it, and what was said to the user. */
function makeServer(count: number) {
  const asked: Record<string, unknown>[] = []
  const said: string[] = []
  const get = async (_path: string, query: Record<string, unknown>) => {
    asked.push(query)
    const from = Number(query.cursor ?? 0)
    const until = Math.min(count, from + Number(query.limit))
    const items = Array.from({ length: until - from }, (_, index) => ({ id: `m${from + index}` }))
    return { items, next_cursor: until < count ? String(until) : null }
  }
  const cli = { say: (text: string) => void said.push(text) } as unknown as Cli
  return { cli, client: { get } as unknown as Client, asked, said }
}

describe('a choice of mails', () => {
  it('takes ids as they are given, each once', async () => {
    const { cli, client, asked } = makeServer(5)
    expect(await chooseMails(cli, client, ['b', 'a', 'b'], {})).toEqual(['b', 'a'])
    expect(asked).toEqual([])
  })

  it('follows the pages, oldest first, and means one moment on all of them', async () => {
    const { cli, client, asked, said } = makeServer(2_500)
    const chosen = await chooseMails(cli, client, [], { state: 'unrouted', since: '2h', until: '2026-11-20' })
    expect(chosen).toHaveLength(2_500)
    expect(new Set(chosen).size).toBe(2_500)
    expect(asked).toMatchObject([{ order: 'oldest', status: 'unrouted' }, { cursor: '1000' }, { cursor: '2000' }])
    const moments = new Set(asked.map(({ since, until }) => `${since} ${until}`))
    expect([...moments]).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\dT\S+Z 2026-11-20$/)])
    expect(said).toEqual([])
  })

  it('ends at ten thousand, and says so', async () => {
    const { cli, client, said } = makeServer(25_000)
    expect(await chooseMails(cli, client, [], { search: 'disk' })).toHaveLength(10_000)
    expect(said).toEqual([expect.stringContaining('more than 10000 mails fit')])
  })

  it.each([
    ['nothing', [], {}],
    ['ids and options', ['a'], { state: 'routed' }],
  ])('refuses %s', async (_, ids, options) => {
    const { cli, client } = makeServer(1)
    await expect(chooseMails(cli, client, ids, options)).rejects.toMatchObject({ code: 2 })
  })
})
