import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { channelKinds } from '../channels/index.js'
import { routesJsonSchema, testsJsonSchema } from '../config/json-schema.js'
import { describeChannels } from './channel-docs.js'
import { type Cli, CliExit, exitCodes } from './cli.js'

export function addSchema(program: Command, cli: () => Cli): void {
  program
    .command('schema')
    .description(
      'print the JSON Schema of routes.yaml or of its tests, the OpenAPI document, or a page of all channels',
    )
    .argument('<which>', 'routes, tests, api or channels')
    .option('-o, --output <file>', 'write it there')
    .action(async (which: string, options: { output?: string }) => {
      const text = await describe(which)
      if (!options.output) return cli().out(text)
      writeFileSync(options.output, text)
      cli().say(`written to ${options.output}`)
    })
}

async function describe(which: string): Promise<string> {
  if (which === 'channels') return describeChannels(channelKinds)
  return `${JSON.stringify(await makeSchema(which), null, 2)}\n`
}

async function makeSchema(which: string): Promise<object> {
  if (which === 'routes') return routesJsonSchema(channelKinds)
  if (which === 'tests') return testsJsonSchema()
  // The API is most of the program, and the other schemas need nothing of it.
  if (which === 'api') return (await import('../http/openapi/describe-api.js')).describeApi()
  throw new CliExit(exitCodes.usage, `there is no schema "${which}"`, 'routes, tests, api or channels')
}
