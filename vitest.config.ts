import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // The decorators of NestJS.
  oxc: { decorator: { legacy: true } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/bundle.ts'],
    // Vitest leaves one core unused. On two cores, that would be half of them.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // They start servers that npm does not bring: npm run test:interop.
    exclude: ['test/interop/**', 'node_modules/**'],
    // A test that asserts nothing proves nothing: it fails.
    expect: { requireAssertions: true },
    // A forgotten `.only` would switch off all other tests, so it is an error everywhere.
    allowOnly: false,
    // Against hanging, not against slow machines.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Tests refuse many tokens. The warnings about that are still emitted, and some tests read them.
    execArgv: ['--disable-warning=ResourceServerWarning'],
    // What fails once is broken.
    retry: 0,
    unstubEnvs: true,
    unstubGlobals: true,
    restoreMocks: true,
  },
})
