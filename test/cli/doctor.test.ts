import { chmodSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startProgram } from '../program/start-program.js'
import { folderWith, runCli } from './run-cli.js'

const yaml = 'version: 1\nchannels: { inbox: { kind: inbox } }\nroutes: []\n'

describe('mailtrigger doctor', () => {
  it('asks the server that runs, and mends what it may', async () => {
    const program = await startProgram(yaml)
    try {
      const data = join(program.folder, 'data')
      const run = (...args: string[]) => runCli(['--data', data, 'doctor', ...args], { cwd: program.folder })
      const healthy = await run('--database')
      expect(healthy).toMatchObject({ code: 0, out: expect.stringMatching(/✓ database +is whole/) })
      chmodSync(join(data, 'mailtrigger.key'), 0o640)
      const open = await run()
      expect(open).toMatchObject({ code: 1, out: expect.stringContaining('may read mailtrigger.key') })
      expect(open.out).toContain('mailtrigger doctor --fix')
      const mended = await run('--fix', '--json')
      expect(mended).toMatchObject({ code: 0, err: expect.stringContaining('mended: 1 file') })
      expect(statSync(join(data, 'mailtrigger.key')).mode & 0o777).toBe(0o600)
      const { server, findings } = JSON.parse(mended.out)
      expect(server).toBe(true)
      expect(findings.length).toBeGreaterThan(8)
    } finally {
      await program.stop()
    }
  }, 60_000)

  it('looks at what is on disk when no server runs', async () => {
    const folder = folderWith({ 'routes.yaml': yaml })
    const run = () => runCli(['--data', 'data', '-c', 'routes.yaml', 'doctor'], { cwd: folder })
    const fresh = await run()
    expect(fresh).toMatchObject({ code: 0, out: expect.stringMatching(/! server +none is running/) })
    expect(fresh.out).toMatch(/config +it is valid/)
    writeFileSync(join(folder, 'routes.yaml'), 'version: 1\nroutes: 7\n')
    expect(await run()).toMatchObject({ code: 1, out: expect.stringContaining('mailtrigger check shows all of it') })
  })

  it('says that a server elsewhere does not answer', async () => {
    const env = { MAILTRIGGER_TOKEN: 'x'.repeat(40) }
    expect(await runCli(['--server', 'http://127.0.0.1:1', 'doctor'], { env })).toMatchObject({ code: 5 })
  })
})
