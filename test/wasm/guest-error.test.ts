import { transform } from 'esbuild'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readGuestError } from '#src/wasm/guest-error.js'
import { findSource, type SourceMap } from '#src/wasm/source-map.js'

const source = `type Name = string

interface Greeting {
  text: Name
}

export function greet(name: Name): Greeting {
  return { text: 'hello ' + name }
}
export const fail = () => { throw new Error('no') }
`

async function compile(): Promise<{ code: string; map: SourceMap }> {
  const { code, map } = await transform(source, { loader: 'ts', sourcemap: 'external', sourcefile: 'greet.ts' })
  return { code, map: JSON.parse(map) as SourceMap }
}

describe('positions', () => {
  it('lead back to the line they come from', async () => {
    const { code, map } = await compile()
    const lineOf = (text: string, part: string) => text.split('\n').findIndex((line) => line.includes(part)) + 1
    for (const part of ['function greet', "'hello '", 'fail =', 'throw new Error']) {
      const generated = lineOf(code, part.replaceAll("'", '"'))
      const found = findSource(map, generated, (code.split('\n')[generated - 1] ?? '').length)
      expect(found).toMatchObject({ source: 'greet.ts', line: lineOf(source, part) })
    }
  })

  it('outside the text lead nowhere', async () => {
    const { map } = await compile()
    expect(findSource(map, 10_000, 1)).toBeNull()
    expect(findSource(map, 0, 0)).toBeNull()
    expect(findSource({ sources: [], mappings: 'AAAA' }, 1, 1)).toBeNull()
  })

  it('in any map are answered, because a module of any origin may carry one', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), fc.nat(), fc.nat(), (mappings, sources, line, column) => {
        const found = findSource({ sources, mappings }, line, column)
        expect(found === null || sources.includes(found.source)).toBe(true)
      }),
    )
  })
})

describe('what a guest says of its failure', () => {
  it('is one line, with the place and the author’s frames', () => {
    const map = { sources: ['a.ts'], mappings: ';AAEA;AACA' }
    const text =
      'TypeError: no\n  really\n    at inner (guest.js:2:4)\n    at outer (guest.js:3:9)\n    at __call (prelude.js:9:1)\n'
    expect(readGuestError(text, map)).toEqual({
      message: 'TypeError: no really (a.ts:3:1)',
      stack: ['at inner (a.ts:3:1)', 'at outer (a.ts:4:1)'],
    })
  })

  it('is left as it is without a map, and is never empty or endless', () => {
    expect(readGuestError('out of ideas', null)).toEqual({ message: 'out of ideas', stack: [] })
    expect(readGuestError(' \n ', null).message).toBe('the guest failed without saying why')
    expect(readGuestError('x'.repeat(50_000), null).message).toHaveLength(1_000)
  })
})
