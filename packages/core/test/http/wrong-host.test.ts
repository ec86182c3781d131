import { expect, test } from 'vitest'
import { wrongHost } from '../../src/adapter.ts'
import { refuseHostCall } from '../../src/http/wrong-host.ts'
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

test('refuseHostCall refuses a request of a host, and nothing else', () => {
  const call =
    (...given: readonly unknown[]) =>
    () =>
      refuseHostCall('metadata', given)
  expect(call(new Request('https://api.example.com'))).toThrow(
    new ConfigError(
      'metadata was passed as a handler without being called: it got a Fetch Request.',
      'Call it: metadata().',
    ),
  )
  for (const accepted of [
    call(),
    call(undefined),
    call({}),
    call('x', new Request('https://a.example')),
  ]) {
    expect(accepted).not.toThrow()
  }
})
