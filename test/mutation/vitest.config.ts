import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** The unit tests of core, run on its source instead of the built code. */
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
        find: /^@resource-server\/core\/providers$/,
        replacement: at('packages/core/src/providers/index.ts'),
      },
      { find: '#platform', replacement: at('packages/core/src/platform/node.ts') },
      { find: '#crypto', replacement: at('packages/core/src/platform/node-crypto.ts') },
    ],
  },
  test: {
    // scripts/mutation.mjs passes the tests of a room, or all.
    include: (process.env['MUTATION_TESTS'] ?? 'packages/core/test/**/*.test.ts').split(';'),
    exclude: ['packages/core/test/{fuzz,verify/retained,jose/cryptography}.test.ts'],
    env: { FUZZ_SEED: '1', FUZZ_RUNS: '100' },
    testTimeout: 20_000,
  },
})
