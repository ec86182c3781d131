import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** Runs the tests of core on its source files instead of the build output. */
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
    // Set by scripts/mutation.mjs: the tests of one file, or all.
    include: (process.env['MUTATION_TESTS'] ?? 'packages/core/test/**/*.test.ts').split(';'),
    exclude: ['packages/core/test/{fuzz,verify/retained,jose/cryptography}.test.ts'],
    env: { FUZZ_SEED: '1', FUZZ_RUNS: '100' },
    testTimeout: 20_000,
  },
})
