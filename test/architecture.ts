/**
 * The house of packages/core/src as data. A file may import from rows above its own, never from its
 * own row or below, so there are no circles. ARCHITECTURE.md shows the same rows.
 */
export const rows: readonly (readonly [row: string, files: readonly string[]])[] = [
  [
    'words',
    [
      ...['clock', 'codes', 'json', 'scope', 'scope-need', 'request', 'url', 'algorithms'],
      ...[
        'generations',
        'sha256',
        'sightings',
        'soon',
        'beside',
        'keys/timing',
        'keys/events',
        'keys/store',
      ],
    ],
  ],
  [
    'data',
    [
      'refusal',
      'refusal-body',
      'record',
      'http',
      'issuer-spelling',
      'turns',
      'profiles/profile',
      'keys/unknown-kids',
      'roca',
    ],
  ],
  [
    'edges',
    [
      ...['options', 'option-checks', 'profile-checks', 'credential', 'jws', 'response'],
      ...['claim-rule', 'scope-rule', 'names-claim', 'token-kind', 'key-issuer', 'profiles/hints'],
    ],
  ],
  [
    'rules',
    [
      ...['audience', 'delegation', 'resource', 'record-policy', 'pseudonym', 'sink'],
      ...['profiles/default', 'profiles/auth0', 'profiles/authentik'],
      ...['profiles/cognito', 'profiles/dex', 'profiles/entra', 'profiles/hydra'],
      ...['profiles/keycloak', 'profiles/oidc-provider', 'profiles/okta', 'profiles/rfc9068'],
      ...['profiles/spring-authorization-server', 'profiles/wso2', 'profiles/zitadel'],
    ],
  ],
  ['policy', ['policy']],
  [
    'checks',
    [
      ...['trust', 'jwk', 'metadata', 'claims', 'actor-rule', 'exchange-rule'],
      ...['step-up-rule', 'privilege-rule', 'advise', 'resource-metadata'],
    ],
  ],
  [
    'keys',
    [
      'signature',
      'keys/source',
      'keys/download',
      'keys/vault',
      'keys/failures',
      'keys/held',
      'keys/empty-sets',
    ],
  ],
  ['stored', ['keys/stored-keys']],
  ['sources', ['keys/fixed-keys', 'keys/fetched-keys']],
  ['token', ['token', 'keys/create']],
  ['after', ['guards', 'audit', 'identity', 'token-cache', 'format-chain']],
  ['running', ['operations', 'resolved-issuers']],
  ['story', ['judge', 'openapi', 'guards-made']],
  ['visit', ['visit']],
  ['doors', ['verifier', 'request-gate']],
  ['gate', ['gate']],
  ['hosts', ['node-host']],
  ['entries', ['index', 'adapter', 'profiles/index']],
]

/** Stands outside the rows: chosen by the package's `imports`, and imports nothing of ours but words. */
export const platform: readonly string[] = [
  'platform/node',
  'platform/node-crypto',
  'platform/web',
  'platform/web-crypto',
]

/** What may stand in one file only: a text, and the file. */
export const soleOwners: readonly (readonly [what: string, pattern: RegExp, owner: string])[] = [
  ['reads Authorization', /'authorization'/, 'credential'],
  ['writes WWW-Authenticate', /WWW-Authenticate'/, 'response'],
  ['verifies a signature', /compactVerify\(|flattenedVerify\(|jwtVerify\(|subtle/, 'signature'],
  ['verifies a signature without WebCrypto', /from 'node:crypto'/, 'platform/node-crypto'],
  ['imports a key', /importJWK\(/, 'jwk'],
  ['fetches', /globalThis\.fetch/, 'policy'],
  ['reads the system clock', /Date\.now\(|performance\.now\(/, 'clock'],
  ['mints a Credential', /as Credential\b/, 'credential'],
  ['mints an Unverified', /as Unverified\b/, 'jws'],
  ['mints a Verified', /as Verified\b/, 'signature'],
  ['mints a TokenContent', /as TokenContent\b/, 'token'],
  ['names a status', /\b(400|401|403|503)\b/, 'codes'],
]

/** What an adapter's code must not say: everything that decides is in core. */
export const adapterWords =
  /\b[45]\d\d\b|www-authenticate|bearer|scope=|realm|retry-after|invalid_|insufficient_/i

/** The adapters, and what each may import beside core and itself. */
export const adapters: Readonly<Record<string, string>> = {
  express: 'express|node:http',
  // Koa's types are a package of their own, so a guard says itself what it needs.
  koa: 'node:http',
  fastify: 'fastify|fastify-plugin|node:http',
  // Nothing: it runs where there is no Node.
  fetch: '(?!)',
}
