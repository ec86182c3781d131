import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createJestConsumer, packAll } from '../../scripts/packages.mjs'
import { root } from '../../scripts/run.mjs'

// The packed packages in projects that test with Jest, and with other settings that fail at first.
// docs/troubleshooting.md has the same settings and the same error messages.

const temporary = mkdtempSync(join(tmpdir(), 'resource-server-jest-'))
const project = join(temporary, 'project')
const page = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8')

beforeAll(() => {
  const tarballs = join(temporary, 'tarballs')
  const packed = packAll(tarballs)
  if (!packed.ok) throw new Error(packed.output)
  cpSync(join(root, 'test/jest/project'), project, { recursive: true })
  const installed = createJestConsumer(project, tarballs)
  if (!installed.ok) throw new Error(installed.output)
}, 120_000)

afterAll(() => rmSync(temporary, { recursive: true, force: true }))

/** Runs node in a folder of the project. The output includes stderr. */
function node(folder: string, args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: join(project, folder),
    encoding: 'utf8',
    // Jest waits for servers that a failed test did not close.
    timeout: 60_000,
    env: { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: '0', ...env },
  })
  return { status, output: `${stdout}${stderr}` }
}

const bin = (name: string): string => join(project, 'node_modules', name)
const jest = [bin('jest/bin/jest.js'), '--ci', '--cache=false']
const esm = { NODE_OPTIONS: '--experimental-vm-modules' }

describe('the packed packages under Jest', () => {
  test.each([
    ['CommonJS, transformed by Babel', 'commonjs', {}, 4],
    ['ES modules', 'native', esm, 4],
    ['TypeScript, transformed by ts-jest', 'typescript', {}, 1],
  ])('%s: work', (_name, folder, env, count) => {
    const { status, output } = node(folder, jest, env)
    expect({ status, output }).toEqual({
      status: 0,
      output: expect.stringMatching(new RegExp(`^Tests: +${count} passed, ${count} total$`, 'm')),
    })
  })

  test.each(['commonjs', 'typescript'])(
    '%s: fail without the settings, with the message on the page',
    (folder) => {
      const config = join(project, folder, 'untransformed.config.js')
      const transform = folder === 'typescript' ? { '\\.ts$': 'ts-jest' } : {}
      writeFileSync(config, `module.exports = ${JSON.stringify({ transform })}\n`)
      const { status, output } = node(folder, [...jest, '--config', config])
      expect(status).toBe(1)
      expect(output).toContain('Must use import to load ES Module')
      expect(page).toContain('Must use import to load ES Module')
    },
  )
})

describe('the packed packages with TypeScript 5.9', () => {
  const compile = (...flags: readonly string[]): string => {
    const sources = ['--project', '.', '--pretty', 'false']
    return node('typescript', [bin('typescript/bin/tsc'), ...sources, ...flags]).output
  }

  test.each([
    [[]],
    [['--module', 'node20']],
    [['--module', 'es2022', '--moduleResolution', 'bundler']],
  ])('compile with %j', (flags) => {
    expect(compile(...flags)).toBe('')
  })

  test.each([
    ['TS1479', ['--module', 'node16']],
    ['TS2307', ['--module', 'commonjs', '--moduleResolution', 'node10']],
  ])('cause %s with %j, which the page explains', (code, flags) => {
    expect(compile(...flags)).toContain(`error ${code}`)
    expect(page).toContain(code)
  })
})

describe('docs/troubleshooting.md', () => {
  test.each(['commonjs/jest.config.js', 'typescript/jest.config.js', 'typescript/tsconfig.json'])(
    'contains %s',
    (file) => {
      expect(page).toContain(readFileSync(join(root, 'test/jest/project', file), 'utf8'))
    },
  )
})
