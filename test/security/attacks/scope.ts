import { expect } from 'vitest'
import type { CaseBuilder, Group, Setup } from '../runner/attempt.ts'

const requireScope =
  (...scopes: readonly string[]): NonNullable<Setup['guards']> =>
  (api) => [api.requireScope(...(scopes as [string]))]

/** Tokens with these values of `scope`, sent to a route that requires `read`. */
const withScope =
  (...values: readonly unknown[]): CaseBuilder =>
  (fixture) =>
    values.map((scope) => ({
      name: JSON.stringify(scope).slice(0, 40),
      guards: requireScope('read'),
      token: fixture.token({ claims: { scope } }),
    }))

/** Routes that require these invalid scopes. */
const requiring =
  (...lists: readonly (readonly unknown[])[]): CaseBuilder =>
  () =>
    lists.map((list) => ({
      name: JSON.stringify(list),
      misuse: true,
      guards: requireScope(...(list as string[])),
    }))

export const scopeCases: Group = {
  'SCP-empty': withScope('', ' ', []),
  'SCP-prefix': withScope('read:all'),
  'SCP-suffix': withScope('xread', 'read1', 'READ', 'read/'),
  'SCP-array': withScope(['read'], ['write', 'read']),
  'SCP-array-nested': withScope([['read']], { read: true }, 1, true, null, ['read', 1]),
  'SCP-obj-includes': withScope({ includes: 'x', split: 'y', length: 1, 0: 'read' }),
  'SCP-tab': withScope('write\tread'),
  'SCP-nbsp': withScope('write\u00a0read', 'write\u2003read', 'write\u3000read', 'write\nread'),
  'SCP-comma': withScope('read,write'),
  'SCP-double-space': withScope('write  read', ' read '),
  'SCP-required-empty': requiring([], [''], ['read', ''], [[]]),
  'SCP-proto': (fixture) =>
    ['__proto__', 'constructor', 'toString'].map((scope) => ({
      name: scope,
      guards: requireScope(scope),
      token: fixture.token(),
    })),
  'SCP-any-vs-all': (fixture) => ({
    guards: requireScope('read', 'admin'),
    token: fixture.token(),
    check: ({ headers }) => expect(headers['www-authenticate']).toContain('scope="read admin"'),
  }),
  'SCP-quote': requiring(['a"b'], ['a\r\nSet-Cookie: x'], ['a b'], ['a\\b'], ['\u00e9']),
  'SCP-10k': (fixture) => ({
    token: fixture.token({
      claims: { scope: Array.from({ length: 10_000 }, (_, at) => `s${at}`).join(' ') },
    }),
    guards: requireScope('s9999'),
  }),
}
