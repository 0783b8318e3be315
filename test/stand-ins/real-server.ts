import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './until.js'

/** The first line a program says about itself, or null when it is not installed: such tests are skipped by name. */
export function versionOf(command: string, ...args: string[]): string | null {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 })
  return status === null ? null : (stdout.split('\n')[0] ?? '')
}

/** A user that may do nothing: a server that is started by root gives up its rights, and needs no others. */
export const lowUser = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

export interface RealServer {
  folder: string
  ports: number[]
  stop: () => Promise<void>
}

/**
 * Starts a server of the machine in a folder of its own, and waits until it takes connections. `prepare` writes its
 * files and gives its arguments.
 */
export async function startRealServer(
  command: string,
  portCount: number,
  prepare: (folder: string, ports: number[]) => Promise<string[]>,
): Promise<RealServer> {
  const folder = await mkdtemp(join(tmpdir(), 'mailtrigger-server-'))
  if (lowUser.uid !== undefined) await chown(folder, lowUser.uid, lowUser.gid)
  const ports = await findPorts(portCount)
  const args = await prepare(folder, ports)
  const child = spawn(command, args, { ...lowUser, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-2_000)
    })
  }
  const ended = once(child, 'close')
  for (const port of ports) {
    await until(() => {
      if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}: ${said}`)
      return takesConnections(port)
    }, `${command} takes connections`)
  }
  return {
    folder,
    ports,
    async stop() {
      child.kill()
      await ended
      await rm(folder, { recursive: true })
    },
  }
}

/** Ports nobody listens on at the moment. */
async function findPorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
