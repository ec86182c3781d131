import { expect } from 'vitest'
import type { CaseBuilder, Group, Setup } from '../runner/attempt.ts'

const needs =
  (...scopes: readonly string[]): NonNullable<Setup['guards']> =>
  (api) => [api.requireScope(...(scopes as [string]))]

/** Tokens that hold this, on a route that asks for `read`. */
const holding =
  (...values: readonly unknown[]): CaseBuilder =>
  (fixture) =>
    values.map((scope) => ({
      name: JSON.stringify(scope).slice(0, 40),
      guards: needs('read'),
      token: fixture.token({ claims: { scope } }),
    }))

const asking =
  (...lists: readonly (readonly unknown[])[]): CaseBuilder =>
  () =>
    lists.map((list) => ({
      name: JSON.stringify(list),
      misuse: true,
      guards: needs(...(list as string[])),
    }))

export const scopeCases: Group = {
  'SCP-empty': holding('', ' ', []),
  'SCP-prefix': holding('read:all'),
  'SCP-suffix': holding('xread', 'read1', 'READ', 'read/'),
  'SCP-array': holding(['read'], ['write', 'read']),
  'SCP-array-nested': holding([['read']], { read: true }, 1, true, null, ['read', 1]),
  'SCP-obj-includes': holding({ includes: 'x', split: 'y', length: 1, 0: 'read' }),
  'SCP-tab': holding('write\tread'),
  'SCP-nbsp': holding('write\u00a0read', 'write\u2003read', 'write\u3000read', 'write\nread'),
  'SCP-comma': holding('read,write'),
  'SCP-double-space': holding('write  read', ' read '),
  'SCP-required-empty': asking([], [''], ['read', ''], [[]]),
  'SCP-proto': (fixture) =>
    ['__proto__', 'constructor', 'toString'].map((scope) => ({
      name: scope,
      guards: needs(scope),
      token: fixture.token(),
    })),
  'SCP-any-vs-all': (fixture) => ({
    guards: needs('read', 'admin'),
    token: fixture.token(),
    check: ({ headers }) => expect(headers['www-authenticate']).toContain('scope="read admin"'),
  }),
  'SCP-quote': asking(['a"b'], ['a\r\nSet-Cookie: x'], ['a b'], ['a\\b'], ['\u00e9']),
  'SCP-10k': (fixture) => ({
    token: fixture.token({
      claims: { scope: Array.from({ length: 10_000 }, (_, at) => `s${at}`).join(' ') },
    }),
    guards: needs('s9999'),
  }),
}
