/**
 * The rooms of packages/core/src, in order. A room is a folder. It imports from rooms in rows above its
 * own, and from files of its own; ARCHITECTURE.md shows the same order.
 */
export const rooms: readonly (readonly string[])[] = [
  ['platform', 'lib'],
  ['errors'],
  ['options'],
  ['providers'],
  ['config'],
  ['jose'],
  ['jwks'],
  ['token'],
  ['binding'],
  ['guards'],
  ['audit'],
  ['verify'],
  ['http'],
]

/** The entry points. They import from any room, and nothing imports them. */
export const entries: readonly string[] = ['index.ts', 'adapter.ts']

/** Code that exists in one file only: what it does, the pattern, and the file. */
export const soleOwners: readonly (readonly [what: string, pattern: RegExp, owner: string])[] = [
  ['reads Authorization', /'authorization'/, 'http/credential'],
  ['writes WWW-Authenticate', /WWW-Authenticate'/, 'http/challenge'],
  [
    'verifies a signature',
    /compactVerify\(|flattenedVerify\(|jwtVerify\(|subtle\.verify/,
    'jose/signature',
  ],
  ['verifies a signature without WebCrypto', /from 'node:crypto'/, 'platform/node-crypto'],
  ['imports a verification key', /importJWK\(/, 'jose/jwk'],
  ['fetches', /globalThis\.fetch|(?<![.\w])fetch\('/, 'config/option-tables'],
  ['reads the system clock', /Date\.now\(|performance\.now\(|new Date\(\)/, 'lib/clock'],
  ['creates a Credential', /as Credential\b/, 'http/credential'],
  ['creates an Unverified', /as Unverified\b/, 'jose/jws'],
  ['creates a Verified', /as Verified\b/, 'jose/signature'],
  ['creates an UnverifiedProof', /as UnverifiedProof\b/, 'jose/jws'],
  ['creates a Proof', /as Proof\b/, 'binding/proof'],
  ['creates a CheckedToken', /as CheckedToken\b/, 'token/claims'],
  ['creates a Delegation', /as Delegation\b/, 'token/delegation'],
  ['creates a TokenContent', /as TokenContent\b/, 'token/access-token'],
  ['names an HTTP status', /\b(400|401|403|503)\b/, 'errors/codes'],
]

/** Words that do not occur in an adapter: whatever decides is in core. */
export const adapterWords =
  /\b[45]\d\d\b|www-authenticate|bearer|scope=|realm|retry-after|invalid_|insufficient_/i

/** The adapters, and what each may import in addition to core and its own files. */
export const adapters: Readonly<Record<string, string>> = {
  express: 'express|node:http',
  // Koa's types are a separate package, so the adapter declares the part it needs.
  koa: 'node:http',
  fastify: 'fastify|fastify-plugin|node:http',
  nestjs: '@nestjs/common|@nestjs/core|node:http',
  hono: 'hono|hono/route',
  // The part of ws that it uses is declared, because the types of ws are a separate package.
  ws: 'node:http|node:net|node:stream',
  // Nothing: it also runs where Node's modules do not exist.
  fetch: '(?!)',
}

/** The packages that users install. */
export const packages: readonly string[] = [
  'core',
  'exchange',
  'express',
  'fastify',
  'fetch',
  'hono',
  'introspection',
  'koa',
  'mcp',
  'nestjs',
  'opentelemetry',
  'redis',
  'revocation',
  'testing',
  'trace',
  'ws',
  'cli',
]
