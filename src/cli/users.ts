import { type Command, Option } from 'commander'
import { type Role, roles } from '../domain/identity.js'
import type { UserLine } from '../engine/user-calls.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { type Client, connect } from './client.js'
import { printTable, printTime } from './print-table.js'
import { readNewPassword } from './read-password.js'

const addExample = 'mailtrigger users add tim --role admin'
const passwordFile = () => new Option('--password-file <file>', 'its first line is the password (default: asked for)')

/** The password is asked for, piped in or in a file: arguments are shown to everybody on the machine. */
export function addUsers(program: Command, cli: () => Cli): void {
  const users = program.command('users').description('who signs in to the console by name and password')
  users
    .command('list')
    .description('everybody, with their role')
    .action(async () => {
      const page = await (await connect(cli())).get<{ items: UserLine[] }>('/users')
      cli().show(page, ({ items }) => printUsers(items))
    })
  users
    .command('add')
    .description('somebody new; the password is asked for, or piped in')
    .argument('<name>')
    .requiredOption('--role <role>', `what they may do: ${roles.join(', ')}`)
    .addOption(passwordFile())
    .action(async (name: string, options: { role: string; passwordFile?: string }) => {
      const role = readRole(options.role)
      const client = await connect(cli())
      const password = await readNewPassword(cli(), options.passwordFile)
      const line = await client.post<UserLine>('/users', { name, role, password })
      cli().show(line, () => `${line.name} may sign in as ${line.role}`)
    })
  users
    .command('passwd')
    .description('another password; all their sessions end')
    .argument('<name>')
    .addOption(passwordFile())
    .action(async (name: string, options: { passwordFile?: string }) => {
      const client = await connect(cli())
      const line = await change(client, name, { password: await readNewPassword(cli(), options.passwordFile) })
      cli().show(line, () => `${line.name} has another password, and signs in again`)
    })
  users
    .command('role')
    .description('another role; it counts at once')
    .argument('<name>')
    .argument('<role>', roles.join(', '))
    .action(async (name: string, role: string) => {
      const line = await change(await connect(cli()), name, { role: readRole(role) })
      cli().show(line, () => `${line.name} may act as ${line.role}`)
    })
  users
    .command('rm')
    .description('remove somebody and end their sessions; the last admin stays')
    .argument('<name>')
    .action(async (name: string) => {
      await (await connect(cli())).del(`/users/${encodeURIComponent(name)}`)
      cli().show({ deleted: name }, () => `${name} is removed`)
    })
}

async function change(client: Client, name: string, body: { role?: Role; password?: string }): Promise<UserLine> {
  const answer = await client.open(`/users/${encodeURIComponent(name)}`, {
    method: 'PATCH',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
  return (await answer.json()) as UserLine
}

function readRole(given: string): Role {
  const role = roles.find((known) => known === given)
  if (role) return role
  throw new CliExit(exitCodes.usage, `there is no role "${given}"`, `roles: ${roles.join(', ')}`)
}

function printUsers(items: UserLine[]): string {
  if (items.length === 0) return `nobody yet; ${addExample} adds somebody, mailtrigger token --link signs you in`
  const rows = items.map((line) => [line.name, line.role, printTime(line.created_at), printTime(line.changed_at)])
  return printTable(['name', 'role', 'since', 'changed'], rows)
}
