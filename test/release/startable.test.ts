import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run, tool } from '../../scripts/run.mjs'
import { startable } from '../../scripts/startable.mjs'

const windows = { platform: 'win32', node: join('node', 'node.exe') }

describe('startable', () => {
  test.each(['linux', 'darwin'])('starts every command as it is on %s', (platform) => {
    expect(startable('npm', { platform })).toEqual(['npm'])
    expect(startable(tool('tsc'), { platform })).toEqual([tool('tsc')])
  })

  test.each(['npm', 'npx'])('starts the JavaScript of %s with Node on Windows', (command) => {
    expect(startable(command, windows)).toEqual([
      windows.node,
      join('node', 'node_modules', 'npm', 'bin', `${command}-cli.js`),
    ])
  })

  test('leaves programs that are not scripts alone on Windows', () => {
    expect(startable('git', windows)).toEqual(['git'])
  })

  test('on Windows, refuses a tool that no package has', () => {
    expect(() => startable(tool('no-such-tool'), windows)).toThrow("a tool named 'no-such-tool'")
  })
})

// The tools that the scripts start. Each entry is what Windows would run with Node.
const tools = [
  'attw',
  'changeset',
  'knip',
  'oxfmt',
  'oxlint',
  'publint',
  'stryker',
  'tsc',
  'vitest',
]

test.each(tools)('%s resolves to an existing script on Windows', (name) => {
  const [node, script = ''] = startable(tool(name), windows)
  expect(node).toBe(windows.node)
  expect(existsSync(script)).toBe(true)
})

test('the script of a tool that Windows would run starts with Node', () => {
  const [, script = ''] = startable(tool('tsc'), windows)
  const { stdout } = run(process.execPath, [script, '--version'], { quiet: true })
  expect(stdout).toBe(run(tool('tsc'), ['--version'], { quiet: true }).stdout)
})
