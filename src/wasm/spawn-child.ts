import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { dataLimitBytes, type ProcessLimits } from './limits.js'

/**
 * Starts a child process with as little as it needs: no environment, no standard input or output, bounded memory, no
 * core dumps. Descriptor 3 carries messages, descriptor 4 is the lifeline (see `lifeline.ts`).
 * Memory is bounded by RLIMIT_DATA on Linux; other systems have only the heap limit.
 */
export function spawnChild(entry: URL, limits: ProcessLimits): ChildProcess {
  const command = [
    process.execPath,
    '--no-warnings',
    `--max-old-space-size=${Math.round(limits.heapBytesMax / 1024 / 1024)}`,
    fileURLToPath(entry),
  ]
  const limited =
    process.platform === 'linux'
      ? [
          '/bin/sh',
          '-c',
          `ulimit -d ${Math.round(dataLimitBytes(limits, process.versions.node) / 1024)}; ulimit -c 0; exec "$0" "$@"`,
          ...command,
        ]
      : command
  const [file = process.execPath, ...args] = limited
  const child = spawn(file, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
    serialization: 'json',
    env: { NODE_ENV: 'production' },
  })
  // When the child is gone its streams break; `close` of the process itself tells the pool. There are no streams at all
  // when the machine is out of descriptors, whatever the types say; then `error` tells it.
  for (const stream of child.stdio ?? []) stream?.on('error', () => {})
  return child
}
