// The issuer
export { createTestIssuer } from './issuer.ts'
export type { TestIssuer, TestIssuerOptions } from './test-issuer.ts'
export type { Discovery } from './metadata.ts'
export type { DownMode } from './outage.ts'
export type { Requests } from './server.ts'

// Tokens
export type { IdTokenOptions, TokenOptions } from './token-options.ts'
export type { ActorClaims, Shape } from './shapes.ts'
export type { Forge } from './forge.ts'
export type { Part, RawToken } from './jws.ts'

// Keys
export { createSigningKey } from './keys.ts'
export type { JsonObject, SigningKey } from './keys.ts'
export type { Algorithm } from './algorithms.ts'

// Time
export { createTestClock } from './clock.ts'
export type { TestClock } from './clock.ts'
