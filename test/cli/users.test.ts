import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../program/start-program.js'
import { runCli } from './run-cli.js'

let program: Program
beforeAll(async () => {
  program = await startProgram(
    'channels: { inbox: { kind: inbox } }\nroutes: [ { name: all, steps: [ { send: inbox } ] } ]\n',
  )
})
afterAll(() => program.stop())

const run = (args: string[], input?: string) =>
  runCli(['--data', join(program.folder, 'data'), ...args], { cwd: program.folder, input })
const list = async (what: string) => JSON.parse((await run(['--json', what, 'list'])).out).items

describe('mailtrigger token', () => {
  it('prints the token of the data folder', async () => {
    expect(await run(['token'])).toMatchObject({ code: 0, out: `${program.app.token}\n` })
  })

  it('makes, lists and revokes tokens', async () => {
    expect((await run(['token', 'list'])).out).toContain('token create')
    const made = await run(['token', 'create', 'graf "ana"', '--role', 'viewer', '--expires', '90d'])
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^mt_[\w-]{43}\n$/) })
    expect(made.err).toContain('shown this once')
    const answer = await fetch(`${program.app.http.url}/api/v1/me`, {
      headers: { authorization: `Bearer ${made.out.trim()}` },
    })
    expect(await answer.json()).toEqual({ name: 'graf "ana"', role: 'viewer', by: 'token' })
    expect(await list('token')).toMatchObject([{ name: 'graf "ana"', role: 'viewer', state: 'active' }])
    expect((await run(['token', 'list'])).out).not.toContain('mt_')
    expect(await run(['token', 'revoke', 'graf "ana"'])).toMatchObject({ code: 0 })
    expect(await run(['token', 'revoke', 'graf "ana"'])).toMatchObject({ code: 3 })
    expect(await list('token')).toMatchObject([{ state: 'revoked' }])
  })

  it.each([
    [['token', 'create', 'x'], 2],
    [['token', 'create', 'x', '--role', 'root'], 2],
    [['token', 'create', 'x', '--role', 'viewer', '--expires', 'soon'], 2],
    [['token', 'create', 'x', '--role', 'viewer', '--expires', '0s'], 2],
    [['token', 'create', ' ', '--role', 'viewer'], 1],
    [['users', 'role', 'nobody', 'viewer'], 3],
    [['users', 'role', 'nobody', 'root'], 2],
    [['users', 'add', 'x', '--role', 'viewer', '--password-file', 'nowhere'], 3],
    [['users', 'add', 'x', '--role', 'viewer'], 2],
  ])('refuses %j with %d', async (args, code) => {
    expect((await run(args, '')).code).toBe(code)
  })

  it('--link prints a link that signs in once', async () => {
    const { out, err } = await run(['token', '--link'])
    expect(out).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/sign-in\/once\?code=[\w-]{43}\n$/)
    expect(err).toContain('works once')
    expect((await fetch(out.trim())).status).toBe(200)
  })

  it('may be given a role that is too small', async () => {
    const { out } = await run(['token', 'create', 'reader', '--role', 'viewer'])
    const file = join(program.folder, 'reader')
    writeFileSync(file, out)
    expect(await run(['--token-file', file, 'mails', 'list'])).toMatchObject({ code: 0 })
    const refused = await run(['--token-file', file, 'users', 'list'])
    expect(refused).toMatchObject({ code: 4, err: expect.stringContaining('role admin') })
  })
})

describe('mailtrigger users', () => {
  it('adds, changes and removes people; passwords come by a pipe or a file', async () => {
    expect((await run(['users', 'list'])).out).toContain('users add')
    expect(await run(['users', 'add', 'tim', '--role', 'admin'], 'a password "piped" in\n')).toMatchObject({ code: 0 })
    const file = join(program.folder, 'password')
    writeFileSync(file, 'from a file, with an end\r\nand more\n')
    expect(await run(['users', 'add', '林', '--role', 'viewer', '--password-file', file])).toMatchObject({ code: 0 })
    expect(await list('users')).toMatchObject([
      { name: 'tim', role: 'admin' },
      { name: '林', role: 'viewer' },
    ])
    const { calls } = program.app
    expect(await calls.checkPassword('tim', 'a password "piped" in')).toBe(true)
    expect(await calls.checkPassword('林', 'from a file, with an end')).toBe(true)

    expect(await run(['users', 'passwd', '林'], 'another password, piped')).toMatchObject({ code: 0 })
    expect(await calls.checkPassword('林', 'another password, piped')).toBe(true)
    expect((await run(['users', 'passwd', '林'], 'short')).err).toContain('at least 10 characters')
    expect(await run(['users', 'role', '林', 'operator'])).toMatchObject({ code: 0 })
    expect((await run(['users', 'list'])).out).toMatch(/林\s+operator/)
    const last = await run(['users', 'rm', 'tim'])
    expect(last).toMatchObject({ code: 1, err: expect.stringContaining('only admin') })
    expect(await run(['users', 'rm', '林'])).toMatchObject({ code: 0 })
    expect(await list('users')).toHaveLength(1)
  })
})
