import { describe, expect, test } from 'vitest'
import { fitsQuery, readEventQuery } from '#src/cli/fit-event.js'
import type { EngineEvent } from '#src/domain/events.js'

const stored: EngineEvent = {
  type: 'mail.stored',
  mail_id: '01J',
  from: 'monit@x.example',
  to: ['ops@y.example', 'dev@y.example'],
  size_bytes: 10,
}
const routed: EngineEvent = {
  type: 'mail.routed',
  mail_id: '01J',
  subject: 'Disk almost full 磁碟已滿',
  status: 'unrouted',
  reason: 'no route matched',
  routes: ['Disk alerts'],
}

describe('an event fits', () => {
  test.each<[string, boolean, boolean]>([
    ['', true, true],
    ['disk', false, true],
    ['-disk', true, false],
    ['"almost full"', false, true],
    ['"full almost"', false, false],
    ['磁碟', false, true],
    ['alm*', false, true],
    ['alm', false, false],
    ['from:monit', true, false],
    ['rcpt:dev@y.example', true, false],
    ['subject:disk', false, true],
    ['state:unrouted', false, true],
    ['route:"Disk alerts"', false, true],
    ['id:01J', true, true],
    ['channel:ops', false, false],
  ])('%s', (text, isStored, isRouted) => {
    const query = readEventQuery(text)
    expect([fitsQuery(stored, query), fitsQuery(routed, query)]).toEqual([isStored, isRouted])
  })

  test.each([
    ['body:disk', 'an event does not tell body:'],
    ['has:attachment', 'an event does not tell attachment'],
    ['larger:1MB', 'an event does not tell larger'],
    ['sate:failed', 'there is no key "sate:"'],
  ])('nobody can tell of %s', (text, message) => {
    expect(() => readEventQuery(text)).toThrow(expect.objectContaining({ message, code: 2 }))
  })
})
