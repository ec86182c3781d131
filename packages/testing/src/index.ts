// The issuer
export { createTestIssuer } from './issuer/create-test-issuer.ts'
export type { TestIssuer, TestIssuerOptions } from './issuer/test-issuer.ts'
export type { Discovery } from './issuer/metadata.ts'
export type { IntrospectionEndpoint, OpaqueTokenOptions } from './issuer/introspection.ts'
export type { OutageMode } from './issuer/outage.ts'
export type { RequestCounts } from './issuer/server.ts'
export type {
  RawReply,
  TestClient,
  TokenEndpoint,
  TokenRefusal,
  TokenRequest,
} from './issuer/token-endpoint.ts'

// Tokens
export { accessToken } from './tokens/access-token.ts'
export type { AccessTokenOptions } from './tokens/access-token.ts'
export type { IdTokenOptions, TokenOptions } from './tokens/token-options.ts'
export type { ActorClaims, ProviderId } from './tokens/providers.ts'
export type { LogoutTokenOptions } from './tokens/logout-token.ts'
export type { Forgeries } from './tokens/forgeries.ts'
export type { RawToken, TokenPart } from './tokens/sign.ts'
export type { DpopClient, DpopClientOptions, ProofOptions } from './tokens/dpop-client.ts'

// Keys
export { createSigningKey } from './keys/signing-keys.ts'
export type { JsonObject, SigningKey } from './keys/signing-keys.ts'
export type { Algorithm } from '@resource-server/core'

// Time
export { createTestClock } from './test-clock.ts'
export type { TestClock } from './test-clock.ts'
