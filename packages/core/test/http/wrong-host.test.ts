import { expect, test } from 'vitest'
import { wrongHost } from '../../src/adapter.ts'
import { ConfigError } from '../../src/index.ts'

test('wrongHost names a request of another framework and the package for it', () => {
  const { problem, fix } = wrongHost('A guard for Express', new Request('https://api.example.com'))
  expect(problem).toBe('A guard for Express was called with a Fetch Request.')
  expect(fix).toContain('@resource-server/fetch')
})

test.each([
  [undefined, 'undefined'],
  [{}, 'an object'],
  ['secret', 'a string'],
])('wrongHost names the kind of %j, and never the value', (value, kind) => {
  expect(wrongHost('A guard for Koa', value)).toEqual(
    new ConfigError(
      `A guard for Koa was called with ${kind}.`,
      'Use the package for your framework.',
    ),
  )
})
