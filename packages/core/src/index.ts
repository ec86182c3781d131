// Verify tokens
export {
  createVerifier,
  type TokenPresentation,
  type VerificationResult,
  type Verifier,
} from './verify/verifier.ts'
export type { AccessToken, Claims, StandardClaims, TokenView } from './token/access-token.ts'
export type { TokenConfirmation } from './token/confirmation.ts'
export type { Actor, PriorActor } from './token/delegation.ts'

// Operate
export type { Health, Operations } from './verify/operations.ts'
export type { CacheStatistics } from './verify/token-cache.ts'
export type { TokenEnd, TokenWatch } from './verify/token-watcher.ts'
export type { SkippedKey } from './jose/jwk.ts'
export type { KeyHealth } from './jwks/key-source.ts'
export type { KeyEvent } from './jwks/events.ts'

// Configure
export type {
  Audience,
  CacheOptions,
  DelegationMode,
  DpopOptions,
  IssuerOptions,
  MtlsOptions,
  ProviderIssuer,
  ProxyPrefix,
  RecordOptions,
  ResourceServerOptions,
  VerifierOptions,
} from './options/options.ts'
export {
  type CookieSource,
  type CredentialSource,
  fromCookie,
  fromHeader,
  type HeaderSource,
  type SubprotocolSource,
} from './options/credential-source.ts'
export type { Algorithm } from './options/algorithms.ts'
export type { KeyStore, KeyStoreOptions } from './options/key-store.ts'
export type { ReplayStore, UsedProof } from './options/replay-store.ts'
export type { ExpiringStore } from './options/expiring-store.ts'
export type {
  Introspection,
  IntrospectionAnswer,
  IntrospectionContext,
  IntrospectionHealth,
  Introspector,
} from './options/introspection.ts'
export type { JwtKind, JwtRequirements, JwtResult, JwtVerifier } from './options/other-jwt.ts'
export type {
  RevocableToken,
  Revocation,
  RevocationChecker,
  RevocationContext,
  RevocationFinding,
  RevocationHealth,
} from './options/revocation.ts'
export type { RevocationFeed, RevocationFeedPart } from './options/revocation-feed.ts'
export type { ActorName, ClaimPath, Hint, HintedToken, Profile } from './options/profile.ts'
export { extend } from './options/extend-profile.ts'
export { defaultProfile } from './providers/default.ts'
export type { Clock } from './lib/clock.ts'
export type { Fetch, FetchResponse } from './lib/fetch-json.ts'

// Guard routes
export type { Guards } from './guards/guards.ts'
export { deny, type Denial, type PolicyResult } from './guards/policy.ts'
export type { ActorIdentity, ActorRule } from './guards/actor.ts'
export type { ClaimRule } from './guards/claim.ts'
export type { ClientIdentity, ClientRule } from './guards/client.ts'
export type { StepUp } from './guards/step-up.ts'

// Describe the API
export type { OpenApi, SecurityRequirement, SecurityScheme } from './http/openapi.ts'
export type { ResourceMetadata } from './http/resource-metadata.ts'

// Handle errors
export { ConfigError, VerificationError } from './errors/refusal.ts'
export {
  codes,
  type Category,
  type ChallengeError,
  type Code,
  type CodeEntry,
} from './errors/codes.ts'
export type { RefusalBodyWriter, RefusalInfo, ResponseBody } from './errors/problem-details.ts'

// Read decision records
export type {
  Anomaly,
  DecisionRecord,
  RecordedActor,
  RecordedBinding,
  RecordedChain,
  UnverifiedNames,
} from './options/decision-record.ts'
export { formatActorChain } from './audit/format-actor-chain.ts'
export { pseudonymize } from './audit/pseudonym.ts'
