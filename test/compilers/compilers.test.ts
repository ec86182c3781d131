import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, run } from '../../scripts/run.mjs'

// Our declarations are compiled by the TypeScript of the user, together with other libraries.

/** The output of a compiler, which is empty if everything compiles. */
function compile(compiler: string, project: string, ...flags: readonly string[]): string {
  const tsc = join(root, 'node_modules', compiler, 'bin', 'tsc')
  return run(process.execPath, [tsc, '-p', project, '--pretty', 'false', ...flags], { quiet: true })
    .output
}

describe.each([
  ['TypeScript 5.9', 'typescript-5'],
  ['TypeScript 7', 'typescript'],
])('%s', (name, compiler) => {
  test('is the version that is installed under this name', () => {
    const tsc = join(root, 'node_modules', compiler, 'bin', 'tsc')
    const { stdout } = run(process.execPath, [tsc, '--version'], { quiet: true })
    expect(stdout).toContain(name.replace('TypeScript', 'Version'))
  })

  test('accepts the fetch of undici 6 and 7, and the global one', () => {
    expect(compile(compiler, 'test/compilers')).toBe('')
  })

  test('accepts the fetch of undici 6 and 7 without the optional parts of the DOM', () => {
    expect(compile(compiler, 'test/compilers', '--lib', 'es2023,dom')).toBe('')
  })
})

test('TypeScript 5.9 compiles the type tests', () => {
  expect(compile('typescript-5', 'test/types')).toBe('')
})
