import type { Random } from './random.ts'

/** Names that mean something somewhere, in a header or in a claims set. */
export const headerNames: readonly string[] = [
  ...['alg', 'kid', 'typ', 'cty', 'crit', 'b64', 'zip', 'enc', 'jku', 'jwk', 'x5u', 'x5c', 'x5t'],
  ...['p2c', 'epk', '__proto__', 'constructor', 'ALG', 'x-new', ''],
]

export const claimNames: readonly string[] = [
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'scope', 'scp', 'client_id', 'azp', 'cid'],
  ...['act', 'may_act', 'cnf', 'nonce', 'at_hash', 'events', 'typ', 'token_use', 'auth_time'],
  ...['acr', 'tid', 'appid', 'roles', '__proto__', 'constructor', 'toString', 'then', 'Act', ''],
]

export const algs: readonly string[] = [
  ...['none', 'None', 'NONE', '', 'HS256', 'HS384', 'HS512', 'RS256', 'PS256', 'ES256', 'ES384'],
  ...['ES512', 'EdDSA', 'Ed25519', 'Ed448', 'ES256K', 'RS1', 'dir', 'es256', 'ES256 ', '__proto__'],
]

/** JSON text of odd values; some of it is no JSON. */
const texts: readonly string[] = [
  ...['null', 'true', 'false', '0', '-0', '-1', '1', '1.5', '1e400', '-1e400', '9007199254740993'],
  ...[
    '253402300800',
    '""',
    '" "',
    '"x"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\u0061"',
    '[]',
    '[[]]',
    '{}',
  ],
  ...[
    '[null]',
    '[1]',
    '[""]',
    '["x","x"]',
    '{"sub":"x"}',
    '{"sub":1}',
    '{"":{}}',
    '{"act":{"sub":"y"}}',
  ],
  ...['{"sub":"x","act":{"sub":"y","act":{"sub":"z"}}}', '{"sub":"x","act":"y"}', '{"jkt":"x"}'],
  ...[
    '{"__proto__":{"admin":true}}',
    '01',
    '.5',
    '+1',
    'NaN',
    'undefined',
    "'x'",
    '0x10',
    '"',
    '{',
    '[',
  ],
]

/** Any of these, or something that fits the issuer and the audience of the run. */
export function oddText(random: Random, fitting: readonly string[]): string {
  const kind = random.below(10)
  if (kind === 0) return '['.repeat(random.below(60)) + ']'.repeat(random.below(60))
  if (kind === 1) return JSON.stringify('x'.repeat(random.below(3000)))
  if (kind === 2) return JSON.stringify(String.fromCharCode(random.below(0x10000)))
  return kind < 5 ? random.pick(fitting) : random.pick(texts)
}
