import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { channelKinds } from '../channels/index.js'
import { routesJsonSchema, testsJsonSchema } from '../config/json-schema.js'
import { describeChannels } from './channel-docs.js'
import { type Cli, CliExit, exitCodes } from './cli.js'

export function addSchema(program: Command, cli: () => Cli): void {
  program
    .command('schema')
    .description('print the JSON Schema of routes.yaml or of its tests, for editors, or a page about all channels')
    .argument('<which>', 'routes, tests or channels')
    .option('-o, --output <file>', 'write it there')
    .action((which: string, options: { output?: string }) => {
      const text = describe(which)
      if (!options.output) return cli().out(text)
      writeFileSync(options.output, text)
      cli().say(`written to ${options.output}`)
    })
}

function describe(which: string): string {
  if (which === 'channels') return describeChannels(channelKinds)
  return `${JSON.stringify(makeSchema(which), null, 2)}\n`
}

function makeSchema(which: string): object {
  if (which === 'routes') return routesJsonSchema(channelKinds)
  if (which === 'tests') return testsJsonSchema()
  throw new CliExit(exitCodes.usage, `there is no schema "${which}"`, 'routes, tests or channels')
}
