import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseParameterHeader } from '#src/receive/mime/parameters.js'

describe('parseParameterHeader', () => {
  it.each<[string, string, Record<string, string>]>([
    ['text/plain; charset=utf-8', 'text/plain', { charset: 'utf-8' }],
    ['Text/HTML;CHARSET="UTF-8" ; x=1', 'text/html', { charset: 'UTF-8', x: '1' }],
    ['text/plain charset=utf-8', 'text/plain', { charset: 'utf-8' }],
    ['multipart/mixed boundary="a b"', 'multipart/mixed', { boundary: 'a b' }],
    ['attachment; filename="a;b=c.txt"', 'attachment', { filename: 'a;b=c.txt' }],
    ['attachment; filename="say \\"hi\\".txt"', 'attachment', { filename: 'say "hi".txt' }],
    ['attachment; filename="C:\\temp\\x.log"', 'attachment', { filename: 'C:\\temp\\x.log' }],
    ['attachment; filename=two words (1).pdf', 'attachment', { filename: 'two words (1).pdf' }],
    ['attachment; filename="never closed.pdf', 'attachment', { filename: 'never closed.pdf' }],
    ['attachment; filename==?utf-8?Q?=C3=A9.txt?=', 'attachment', { filename: 'é.txt' }],
    ["attachment; filename*=utf-8'en'%e2%82%ac%20rates.txt", 'attachment', { filename: '€ rates.txt' }],
    ["attachment; filename=plain.txt; filename*=utf-8''%C3%A9.txt", 'attachment', { filename: 'é.txt' }],
    ["attachment; filename*0*=utf-8''%e2%82; filename*1*=%ac; filename*2=.txt", 'attachment', { filename: '€.txt' }],
    ['attachment; filename*1=b; filename*0=a', 'attachment', { filename: 'ab' }],
    ['attachment; filename*=%zz.txt', 'attachment', { filename: '%zz.txt' }],
    ['x; __proto__=1; a=1; a=2', 'x', { a: '2' }],
    ['; charset=utf-8', '', { charset: 'utf-8' }],
    ['', '', {}],
  ])('%s', (header, value, parameters) => {
    const read = parseParameterHeader(header)
    expect(read.value).toBe(value)
    for (const [name, text] of Object.entries(parameters)) expect(read.parameters.get(name)).toBe(text)
  })

  it('reads a hundred parameters and never throws', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `p${index}=x`).join('; ')
    expect(parseParameterHeader(`x; ${many}`).parameters.size).toBe(100)
    const piece = fc.constantFrom('a', '*', '0', '=', ';', '"', '\\', "'", '%', 'e9', ' ', '=?utf-8?q?', '?=', 'é')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        parseParameterHeader(pieces.join(''))
      }),
    )
  })
})
