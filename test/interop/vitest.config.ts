import { join } from 'node:path'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { packagesFolder } from './packages.ts'

const root = new URL('../..', import.meta.url).pathname
const nestjs11 = ['test/interop/nestjs-11.test.ts', 'packages/nestjs/test/*.test.ts']

/** Names of tests that are not run, separated by commas. Options of the command do not reach the projects. */
const excluded = (process.env['INTEROP_EXCLUDE'] ?? '').split(',').filter((name) => name !== '')

const project = (name: string, include: readonly string[]): TestProjectInlineConfiguration => ({
  // The decorators of NestJS.
  oxc: { decorator: { legacy: true } },
  test: {
    name,
    root,
    include: [...include],
    expect: { requireAssertions: true },
    testTimeout: 600_000,
    hookTimeout: 600_000,
    unstubEnvs: true,
    restoreMocks: true,
  },
})

const servers = project('servers', ['test/interop/*.test.ts'])
const modules = join(packagesFolder, 'node_modules')

// For `npm run test:interop`. These tests start servers that are not npm packages, and use packages that are not in the
// root's lockfile.
export default defineConfig({
  test: {
    root,
    // One server at a time, because each needs a core and 512 MB.
    fileParallelism: false,
    allowOnly: false,
    retry: 0,
    projects: [
      {
        ...servers,
        test: {
          ...servers.test,
          exclude: [nestjs11[0]!, ...excluded.map((name) => `test/interop/${name}.test.ts`)],
        },
      },
      {
        ...project('nestjs-11', nestjs11),
        resolve: {
          alias: [
            { find: /^(@nestjs\/\w[\w-]*|rxjs|reflect-metadata)$/, replacement: `${modules}/$1` },
          ],
        },
      },
    ],
  },
})
