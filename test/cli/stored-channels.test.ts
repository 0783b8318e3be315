import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../program/start-program.js'
import { folderWith, runCli } from './run-cli.js'

let program: Program
const folder = folderWith({
  'secret.txt': 'https://hooks.slack.com/services/T0/B0/CANARY\n',
  'headers.json': '{"authorization": "Bearer CANARY"}',
  'settings.json': '{"url": "https://a.example/x", "method": "PUT"}',
})
beforeAll(async () => {
  program = await startProgram('version: 1\nchannels: { inbox: { kind: inbox } }\n')
})
afterAll(async () => {
  await program.stop()
  rmSync(folder, { recursive: true, force: true })
})

const cli = async (args: string[], input?: string) => {
  const result = await runCli(['--data', join(program.folder, 'data'), ...args], { cwd: folder, input })
  expect(result.out + result.err).not.toContain('CANARY')
  return result
}
const channels = (...args: string[]) => cli(['channels', ...args])

describe('mailtrigger channels', () => {
  it('makes, shows, changes and deletes one', async () => {
    const made = await channels(
      'create',
      'the hook',
      '--kind',
      'webhook',
      '--settings',
      'settings.json',
      '--secret',
      'headers=@headers.json',
      '--set',
      'daily_cap=5',
    )
    expect(made).toMatchObject({ code: 0, out: 'the hook is there, and routes may name it\n' })
    expect(made.err).toContain("try it: mailtrigger channels test 'the hook'")
    const changed = await cli(
      [
        'channels',
        'set',
        'the hook',
        '--secret',
        'secret=-',
        '--unset',
        'daily_cap',
        '--set',
        'body={"t":"{{ title }}"}',
      ],
      'CANARY-of-stdin\n',
    )
    expect(changed).toMatchObject({ code: 0, out: 'the hook is changed\n' })
    const { out } = await channels('show', 'the hook', '--json')
    expect(JSON.parse(out).settings).toEqual({
      url: 'https://a.example/x',
      method: 'PUT',
      headers: '•••',
      secret: '•••',
      body: { t: '{{ title }}' },
    })
    expect((await channels('list')).out).toMatch(/the hook +webhook +stored +ok +a\.example/)
    expect(await channels('delete', 'the hook')).toMatchObject({ code: 0, out: 'the hook is deleted\n' })
    expect(await channels('show', 'the hook')).toMatchObject({ code: 3 })
  })

  it.each<[string, string[], number, string]>([
    [
      'a secret as an argument',
      ['create', 'x', '--kind', 'slack', '--set', 'webhook_url=https://CANARY'],
      2,
      '--secret webhook_url=@FILE',
    ],
    [
      'a secret as the value of its option',
      ['create', 'x', '--kind', 'slack', '--secret', 'webhook_url=https://CANARY'],
      2,
      'takes no value',
    ],
    [
      'two things from one input',
      ['create', 'x', '--kind', 'webhook', '--settings', '-', '--secret', 'secret=-'],
      2,
      'only one thing',
    ],
    [
      'a file that is not there',
      ['create', 'x', '--kind', 'slack', '--secret', 'webhook_url=@gone'],
      3,
      'cannot read the file gone',
    ],
    ['settings that are none', ['create', 'x', '--kind', 'slack', '--settings', 'secret.txt'], 2, 'is a JSON object'],
    ['a kind that is none', ['create', 'x', '--kind', 'slak'], 3, 'did you mean "slack"?'],
    [
      'settings that are wrong',
      ['create', 'x', '--kind', 'telegram', '--secret', 'bot_token=@secret.txt'],
      78,
      'bot_token',
    ],
    ['no change', ['set', 'inbox'], 2, 'nothing is to be changed'],
    ['a change of a file', ['set', 'inbox', '--set', 'daily_cap=1'], 1, 'the channel inbox stands in a file'],
    ['a test of nothing', ['test'], 2, 'name a channel'],
  ])('refuses %s, and says what to do', async (_, args, code, words) => {
    const result = await channels(...args)
    expect([result.code, result.err]).toEqual([code, expect.stringContaining(words)])
  })

  it('explains the kinds', async () => {
    expect((await channels('kinds')).out).toMatch(/^telegram +\S/m)
    const { out } = await channels('kinds', 'telegram')
    expect(out).toMatch(/^bot_token +needed, secret +The token of the bot/m)
    expect(out).toContain('mailtrigger channels create NAME --kind telegram')
  })

  it('tries settings that are not saved', async () => {
    expect(await channels('test', '--kind', 'inbox', '--to', 'tim@mailtrigger.app')).toMatchObject({ code: 0 })
  })
})

it('offline commands are told of channels in a store', async () => {
  const routes = folderWith({
    'routes.yaml': 'version: 1\nroutes: [ { name: all, steps: [ { send: [pager, room] } ] } ]\n',
    'mail.eml': 'From: a@mailtrigger.app\r\nTo: b@mailtrigger.app\r\nSubject: x\r\n\r\ny\r\n',
  })
  const run = (...args: string[]) => runCli(args, { cwd: routes })
  const told = ['--stored-channel', 'pager=telegram', '--stored-channel', 'room=slack']
  expect(await run('check')).toMatchObject({ code: 78, err: expect.stringContaining('--stored-channel pager=KIND') })
  expect(await run('check', ...told)).toMatchObject({ code: 0, out: expect.stringContaining('2 channels') })
  expect(await run('check', '--stored-channel', 'pager=pigeon')).toMatchObject({ code: 2 })
  const explained = await run('explain', 'mail.eml', ...told)
  expect(explained.out).toContain('no address on pager, room')
  rmSync(routes, { recursive: true, force: true })
})
