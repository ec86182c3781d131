import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** The tests that speak of core, over its source and not over what the build wrote. */
export default defineConfig({
  root: at('.'),
  resolve: {
    alias: [
      { find: /^@resource-server\/core$/, replacement: at('packages/core/src/index.ts') },
      {
        find: /^@resource-server\/core\/adapter$/,
        replacement: at('packages/core/src/adapter.ts'),
      },
      { find: /^@resource-server\/testing$/, replacement: at('packages/testing/src/index.ts') },
      {
        find: /^@resource-server\/core\/profiles$/,
        replacement: at('packages/core/src/providers/index.ts'),
      },
      { find: '#platform', replacement: at('packages/core/src/platform/node.ts') },
      { find: '#crypto', replacement: at('packages/core/src/platform/node-crypto.ts') },
    ],
  },
  test: {
    // scripts/mutation.mjs says which: those of a file, or all.
    include: (process.env['MUTATION_TESTS'] ?? 'packages/core/test/*.test.ts').split(';'),
    exclude: ['packages/core/test/{fuzz,retained,cryptography}.test.ts'],
    env: { FUZZ_SEED: '1', FUZZ_RUNS: '100' },
    testTimeout: 20_000,
  },
})
