import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { foldText, unfoldIndex } from '#src/route/fold.js'
import { judge, makeMail, text } from './sample.js'

describe('texts that are the same unless case matters', () => {
  test.each([
    ['case', 'ERROR', 'error'],
    ['composed and decomposed', 'cafe\u0301', 'Café'],
    ['sharp s', 'GROSSE STÖRUNG', 'große störung'],
    ['capital sharp s', 'STRAẞE', 'straße'],
    ['dotted capital i', 'İSTANBUL', 'istanbul'],
    ['dotless i', 'ısı', 'ISI'],
    ['final sigma', 'ΟΔΟΣ', 'οδος'],
    ['full width', '［ＳＥＮＴＲＹ］　１', '[sentry] 1'],
    ['no-break space', 'level\u00a0=\u00a0error', 'level = error'],
    ['micro sign', '5 µs', '5 μS'],
    ['cyrillic', 'ОШИБКА', 'ошибка'],
  ])('%s', async (_name, seen, wanted) => {
    const mail = makeMail({ subject: `x ${seen} y` })
    expect((await judge(text('subject', 'contains', wanted), mail)).verdict).toBe('matched')
    expect((await judge(text('subject', 'contains', seen), makeMail({ subject: wanted }))).verdict).toBe('matched')
  })

  test.each([
    ['superscript', '10²', '102'],
    ['accent', 'resume', 'résumé'],
    ['latin and cyrillic a', 'a', 'а'],
  ])('%s differs', async (_name, seen, wanted) => {
    expect((await judge(text('subject', 'contains', wanted), makeMail({ subject: seen }))).verdict).toBe('not_matched')
  })
})

test('canonically equal texts are equal where case matters, too', async () => {
  const mail = makeMail({ subject: 'cafe\u0301' })
  expect((await judge(text('subject', 'is', 'café', true), mail)).verdict).toBe('matched')
  expect((await judge(text('subject', 'is', 'Café', true), mail)).verdict).toBe('not_matched')
  expect((await judge(text('subject', 'matches', 'caf.$'), mail)).verdict).toBe('matched')
})

test('folding a folded text changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      expect(foldText(foldText(value))).toBe(foldText(value))
    }),
  )
})

test('an index in the folded text leads back to the same place', () => {
  const unit = fc.constantFrom('a', 'ß', 'ẞ', 'S', 'é', 'İ', '😀', '１')
  fc.assert(
    fc.property(fc.string({ unit }), fc.string({ unit }), (before, after) => {
      expect(unfoldIndex(before + after, foldText(before).length)).toBe(before.length)
    }),
  )
})
