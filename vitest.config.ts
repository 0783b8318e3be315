import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Whole-program tests each start a server with worker threads and children; two files at a time suit two cores.
    maxWorkers: 2,
    pool: 'forks',
    // Real processes with real deadlines can be starved on a shared machine; what fails twice there is broken.
    retry: process.env.CI ? 1 : 0,
  },
})
