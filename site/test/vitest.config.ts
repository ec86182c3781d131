import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['site/test/*.test.ts'],
    expect: { requireAssertions: true },
    allowOnly: false,
    // Against hanging, not against slow machines.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    retry: 0,
  },
})
