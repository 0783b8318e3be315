import type { Command } from 'commander'
import { expect, it } from 'vitest'
import { createProgram } from '#src/cli/program.js'

const promised: Record<string, string[]> = {
  actions: ['list', 'build', 'run', 'push', 'versions', 'rollback', 'rm'],
  notifications: ['list', 'show', 'ack', 'resolve'],
  deliveries: ['list', 'show', 'dead', 'retry', 'cancel'],
  channels: ['list', 'show', 'kinds', 'create', 'set', 'delete', 'test', 'pause', 'resume', 'rotate-key'],
  people: ['list', 'show', 'set', 'link', 'rm'],
  silences: ['list', 'add', 'end'],
  monitors: ['list', 'ping'],
  rules: ['list', 'add', 'remove'],
  audit: ['list'],
  jobs: ['list', 'show', 'push', 'run', 'logs', 'next', 'enable', 'disable', 'rm', 'db pull', 'db push', 'db query'],
}

it.each(Object.entries(promised))(
  '%s has every command it should have, and says what each does',
  async (name, names) => {
    const program = await createProgram([name], {}, new AbortController().signal)
    const group = program.commands.find((command) => command.name() === name)
    const commands = group ? listCommands(group, '') : []
    expect(commands.map(([path]) => path).sort()).toEqual([...names].sort())
    for (const [path, command] of commands) {
      expect(command.description(), path).not.toBe('')
      for (const option of command.options) expect(option.description, `${path} ${option.flags}`).not.toBe('')
      expect(command.helpInformation()).toContain(`Usage: mailtrigger ${name} ${path}`)
    }
  },
)

/** The commands that do something, by their path below the group. */
function listCommands(group: Command, prefix: string): [path: string, command: Command][] {
  return group.commands.flatMap((command): [string, Command][] => {
    const path = `${prefix}${command.name()}`
    return command.commands.length > 0 ? listCommands(command, `${path} `) : [[path, command]]
  })
}
