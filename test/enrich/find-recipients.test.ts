import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findInLookup } from '#src/enrich/find-recipients.js'

const owners = JSON.parse(`{
  "Project 1": "owner1@x.example",
  "project 1": "lower@x.example",
  "Project \\"2\\"": ["a@x", "b@x", "a@x"],
  "object": { "email": "o@x" },
  "address": { "address": "p@x", "name": "P" },
  "emails": { "emails": ["q@x", "r@x"] },
  "objects": [{ "email": "s@x" }, { "address": "t@x" }, "u@x"],
  "commas": "v@x, w@x; y@x",
  "group": "on call, nights",
  "empty": "",
  "null": null,
  "number": 5,
  "void": { "email": null, "emails": [] },
  "example.com": "domain@x",
  "eu.example.com": "eu@x",
  "COM": "tld@x",
  "__proto__": "proto@x",
  "deep": [[[[["deep@x"]]]]]
}`)

test.each<[string, string[] | null]>([
  ['Project 1', ['owner1@x.example']],
  ['project 1', ['lower@x.example']],
  ['PROJECT 1', ['owner1@x.example']],
  [' Project 1 ', ['owner1@x.example']],
  ['Project "2"', ['a@x', 'b@x']],
  ['object', ['o@x']],
  ['address', ['p@x']],
  ['emails', ['q@x', 'r@x']],
  ['objects', ['s@x', 't@x', 'u@x']],
  ['commas', ['v@x', 'w@x', 'y@x']],
  ['group', ['on call, nights']],
  ['empty', null],
  ['null', null],
  ['number', null],
  ['void', null],
  ['deep', null],
  ['nobody', null],
  ['', null],
  ['example.com', ['domain@x']],
  ['www.example.com', ['domain@x']],
  ['api.EU.example.com', ['eu@x']],
  ['example.com.', ['domain@x']],
  ['badexample.com', null],
  ['tim@example.com', null],
  ['other.com', null],
  ['..example.com', null],
  ['__proto__', ['proto@x']],
  ['constructor', null],
  ['toString', null],
])('%j', (key, expected) => {
  expect(findInLookup(owners, key)).toEqual(expected)
})

test.each([[null], [[]], ['text'], [5], [undefined]])('data that is no mapping: %j', (data) => {
  expect(findInLookup(data, 'length')).toBeNull()
})

test('nothing beyond a thousand recipients', () => {
  const everybody = Array.from({ length: 2_000 }, (_, at) => `${at}@x`)
  expect(findInLookup({ all: everybody }, 'all')).toHaveLength(1_000)
})

test('any JSON and any key give a list of texts or null', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (data, key) => {
      const found = findInLookup({ [key]: data }, key)
      if (found !== null) expect(found.every((entry) => typeof entry === 'string' && entry !== '')).toBe(true)
    }),
  )
})
