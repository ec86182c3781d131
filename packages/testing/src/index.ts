// The issuer
export { createTestIssuer } from './issuer/create-test-issuer.ts'
export type { TestIssuer, TestIssuerOptions } from './issuer/test-issuer.ts'
export type { Discovery } from './issuer/metadata.ts'
export type { DownMode } from './issuer/outage.ts'
export type { Requests } from './issuer/server.ts'

// Tokens
export type { IdTokenOptions, TokenOptions } from './tokens/token-options.ts'
export type { ActorClaims, Shape } from './tokens/providers.ts'
export type { Forge } from './tokens/forgeries.ts'
export type { Part, RawToken } from './tokens/sign.ts'

// Keys
export { createSigningKey } from './keys/signing-keys.ts'
export type { JsonObject, SigningKey } from './keys/signing-keys.ts'
export type { Algorithm } from './keys/algorithms.ts'

// Time
export { createTestClock } from './test-clock.ts'
export type { TestClock } from './test-clock.ts'
