import { defineConfig } from 'vitest/config'

// For `npm run test:interop`. These tests start servers that are not npm packages.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/interop/*.test.ts'],
    // One server at a time, because each needs a core and 512 MB.
    fileParallelism: false,
    expect: { requireAssertions: true },
    allowOnly: false,
    retry: 0,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
})
