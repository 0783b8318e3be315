import { describe, expect, it } from 'vitest'
import { cutText, sizeInPage, sliceList, sliceText } from '#src/http/console/cut-text.js'

describe('cutting a text', () => {
  it.each([
    ['short', 5, 'short'],
    ['longer', 4, 'long…'],
    ['ab😀', 3, 'ab…'],
    ['', 0, ''],
  ])('%j to %i is %j', (text, lengthMax, cut) => {
    expect(cutText(text, lengthMax)).toBe(cut)
  })

  it.each([
    ['plain', 5],
    ['<&>', 13],
    ['"\'', 11],
    ['é磁😀', 9],
  ])('%j takes %i bytes of a page', (text, bytes) => {
    expect(sizeInPage(text)).toBe(bytes)
  })
})

describe('slicing', () => {
  it('a text gives parts that fit, and all of it', () => {
    const text = 'a<😀&磁"\n'.repeat(500)
    let whole = ''
    let from: number | null = 0
    while (from !== null) {
      const { part, next }: { part: string; next: number | null } = sliceText(text, from, 100)
      expect(sizeInPage(part)).toBeLessThanOrEqual(100)
      whole += part
      from = next
    }
    expect(whole).toBe(text)
  })

  it.each([
    ['behind the end', 99, { part: '', next: null }],
    ['from before the start', -1, { part: 'abc', next: null }],
  ])('a text %s gives what there is', (_, start, slice) => {
    expect(sliceText('abc', start)).toEqual(slice)
  })

  it('a list gives at least one, whatever its size, and no more than so many', () => {
    const items = [1_000, 1, 1, 1_000]
    const measure = (item: number) => item
    expect(sliceList(items, 0, measure, { bytesMax: 10 })).toEqual({ shown: [1_000], next: 1 })
    expect(sliceList(items, 1, measure, { bytesMax: 10 })).toEqual({ shown: [1, 1], next: 3 })
    expect(sliceList(items, 0, measure, { countMax: 3 })).toEqual({ shown: [1_000, 1, 1], next: 3 })
    expect(sliceList(items, 9, measure)).toEqual({ shown: [], next: null })
  })
})
