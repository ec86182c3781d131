import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { requireNodeVersion } from '../../src/platform/node-version.ts'

describe('requireNodeVersion', () => {
  test.each(['20.19.0', '20.20.2', '22.0.0', '24.9.0', '100.0.0', '22.0.0-nightly'])(
    'accepts Node %s',
    (node) => {
      expect(() => requireNodeVersion({ node })).not.toThrow()
    },
  )

  test.each(['0.12.18', '18.20.8', '19.99.0', '20.0.0', '20.9.0', '20.18.3'])(
    'throws on Node %s and names both versions',
    (node) => {
      expect(() => requireNodeVersion({ node })).toThrow(
        `@resource-server/core needs Node.js 20.19 or newer. This is Node.js ${node}.`,
      )
    },
  )

  test.each([
    ['Bun', { node: '18.15.0', bun: '1.0.0' }],
    ['Deno', { node: '20.11.1', deno: '2.0.0' }],
    ['a runtime that does not imitate Node', {}],
  ])('does not check %s', (_name, versions) => {
    expect(() => requireNodeVersion(versions)).not.toThrow()
  })

  test('requires the version in package.json', () => {
    const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    const { engines } = JSON.parse(manifest) as { engines: { node: string } }
    expect(() => requireNodeVersion({ node: '1.0.0' })).toThrow(
      `Node.js ${engines.node.replace('>=', '')} or newer`,
    )
  })

  test('throws the message that docs/troubleshooting.md explains', () => {
    const page = readFileSync(
      new URL('../../../../docs/troubleshooting.md', import.meta.url),
      'utf8',
    )
    const [, message] = /^Error: (@resource-server.*)$/m.exec(page)!
    expect(() => requireNodeVersion({ node: '18.20.8' })).toThrow(message)
  })
})
