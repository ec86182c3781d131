import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/**
 * The file that failed last first, then the fastest: a run ends at the first failure. `loads.test.ts` imports core in
 * a test. It comes last, or Stryker would take the code that runs while core is loaded for the code of that test.
 */
class QuickestFailureFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const costOf = ({ moduleId, project }: TestSpecification): number => {
      const key = `${project.name}:${relative(this.ctx.config.root, moduleId)}`
      const { failed, duration } = this.ctx.cache.getFileTestResults(key) ?? {}
      if (moduleId.endsWith('/loads.test.ts')) return Infinity
      return failed ? -1 : (duration ?? 0)
    }
    return Promise.resolve(files.toSorted((one, other) => costOf(one) - costOf(other)))
  }
}

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
    // Otherwise the tests of one mutant share a worker and the modules in it. The next mutant gets a new worker.
    isolate: process.env['MUTATION_ISOLATE'] === '1',
    sequence: { sequencer: QuickestFailureFirst },
  },
})
