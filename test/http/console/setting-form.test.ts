import { describe, expect, it } from 'vitest'
import { findChannelKind } from '#src/channels/index.js'
import { readEnteredChannel } from '#src/config/channel-settings.js'
import { describeKind } from '#src/engine/channel-kinds.js'
import { listSetSecrets, readSettings, writeSettings } from '#src/http/console/setting-form/entered-settings.js'
import { placeIssues } from '#src/http/console/setting-form/place-issues.js'
import { labelOfSetting, listFields } from '#src/http/console/setting-form/setting-fields.js'

function fieldsOf(kind: string) {
  const { settings, secrets, limits } = describeKind(findChannelKind(kind)!)
  return [...listFields(settings, secrets), ...listFields(limits, [])]
}

describe('settings', () => {
  it.each<[string, Record<string, unknown>]>([
    ['telegram', { chat_id: '-100:7', disable_preview: false, updates: 'off', retry: ['1m', '1h30m'] }],
    ['telegram', { template: { title: '{{ title }}', text: 'a\n\nb' } }],
    ['email', { host: 'h', port: 465, secure: false, starttls: 'off', to: ['a@b.c', 'd@e.f'] }],
    ['mqtt', { url: 'mqtt://h:1', qos: 0, version: 5, retain: true, tls_verify: false }],
    ['pushover', { emergency: { retry: 30 } }],
    ['webhook', { url: 'https://h/', body: { text: '{{ title }}', list: [1, { a: null }] } }],
  ])('of %s come back from a form as they went into it: %j', (kind, settings) => {
    const fields = fieldsOf(kind)
    const read = readSettings(fields, writeSettings(fields, settings), { kept: [], forgotten: [] })
    expect(read).toEqual({ settings, problems: {} })
  })

  it('that are texts of a template are the text of one', () => {
    const fields = fieldsOf('log')
    const entered = writeSettings(fields, { template: '{{ text }}' })
    expect(entered).toEqual({ 'template.text': '{{ text }}' })
    expect(readSettings(fields, entered, { kept: [], forgotten: [] }).settings).toEqual({
      template: { text: '{{ text }}' },
    })
  })

  it('that are secret are never written, and kept while nothing is entered', () => {
    const fields = fieldsOf('webhook')
    const settings = { url: 'https://h/', headers: { authorization: 'CANARY' }, secret: 'CANARY' }
    expect(JSON.stringify(writeSettings(fields, settings))).not.toContain('CANARY')
    const kept = listSetSecrets(fields, settings)
    expect(kept).toEqual(['headers', 'secret'])
    const entered = { url: 'https://h/', headers: 'x-a: b: c\r\n\r\n x-d:e ', secret: '' }
    expect(readSettings(fields, entered, { kept, forgotten: [] }).settings).toEqual({
      url: 'https://h/',
      headers: { 'x-a': 'b: c', 'x-d': 'e' },
      secret: '•••',
    })
    expect(readSettings(fields, entered, { kept, forgotten: ['secret'] }).settings).not.toHaveProperty('secret')
  })

  it('that are no numbers and no documents are named', () => {
    const entered = { port: '1e3', host: 'h' }
    expect(readSettings(fieldsOf('email'), entered, { kept: [], forgotten: [] }).problems).toEqual({
      port: 'This has to be a whole number.',
    })
    const { problems } = readSettings(fieldsOf('webhook'), { body: '{', headers: 'x' }, { kept: [], forgotten: [] })
    expect(Object.keys(problems).sort()).toEqual(['body', 'headers'])
  })

  it.each([
    ['bot_token', 'Bot token'],
    ['webhook_url', 'Webhook URL'],
    ['emergency.retry', 'Emergency: retry'],
    ['account_sid', 'Account SID'],
  ])('are called so: %s', (path, label) => {
    expect(labelOfSetting(path)).toBe(label)
  })
})

describe('what is wrong', () => {
  it.each<[string, Record<string, unknown>, Record<string, string>, string[]]>([
    ['telegram', {}, { bot_token: 'This is needed.' }, []],
    ['slack', {}, {}, ['Needs either webhook_url or bot_token.']],
    ['email', { host: 'h', to: ['x'] }, { to: 'Entry 1: must be a mail address.' }, []],
    ['pushover', { token: 'a'.repeat(30), emergency: { retry: 1 } }, { 'emergency.retry': 'At least 30.' }, []],
    ['log', { template: { text: '{{ x' } }, {}, [expect.stringContaining('The template cannot be read')]],
    ['log', { rate_limit: 'x' }, { rate_limit: expect.stringContaining('such as 30/1m') }, []],
    ['log', { zzz: 1 }, {}, [expect.stringContaining('Unknown key "zzz"')]],
  ])('with %s %j stands at its field', (kind, settings, problems, others) => {
    // Names that config labels quote are no other case.
    for (const name of ['plain', 'two words', '電話.1']) {
      const { issues } = readEnteredChannel({ name, kind, settings }, [findChannelKind(kind)!])
      const placed = placeIssues(issues, name, fieldsOf(kind))
      expect(placed.others).toEqual(others)
      expect(placed.problems).toEqual(problems)
    }
  })
})
