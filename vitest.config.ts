import { defineConfig } from 'vitest/config'

/** Rooms that keep nothing between two tests, so that their files may share a process and what it has loaded. */
const quietRooms = [
  'channels',
  'config',
  'deliver',
  'domain',
  'enrich',
  'follow',
  'llm',
  'outbound',
  'receive',
  'route',
  'steps',
  'store',
  'template',
  'wasm-actions',
  'watch',
].map((room) => `test/${room}/**/*.test.ts`)

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Whole-program tests each start a server with worker threads and children; two files at a time suit two cores.
    maxWorkers: 2,
    pool: 'forks',
    // What was built is loaded as it is, by Node: to read a thousand modules again for every file took a third of the time.
    server: { deps: { external: [/\/dist\//] } },
    // Real processes with real deadlines can be starved on a shared machine; what fails twice there is broken.
    retry: process.env.CI ? 1 : 0,
    projects: [
      { extends: true, test: { name: 'program', include: ['test/**/*.test.ts'], exclude: quietRooms } },
      { extends: true, test: { name: 'rooms', include: quietRooms, isolate: false } },
    ],
  },
})
