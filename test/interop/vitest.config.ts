import { defineConfig } from 'vitest/config'

// `npm run test:interop` only: these tests start servers that npm does not bring.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/interop/*.test.ts'],
    // One server at a time: each takes a core and half a gigabyte.
    fileParallelism: false,
    expect: { requireAssertions: true },
    allowOnly: false,
    retry: 0,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
})
