// Verifying
export { createVerifier, type Verdict, type Verifier } from './verifier.ts'
export type { Health, Operations } from './operations.ts'
export type { KeyHealth } from './keys/source.ts'
export type { KeyEvent } from './keys/events.ts'
export type { KeyStore, KeyStoreOptions } from './keys/store.ts'
export type { AccessToken, Claims, StandardClaims, TokenView } from './token.ts'
export type { Actor, PriorActor } from './delegation.ts'

// Configuring
export type {
  Audience,
  CacheOptions,
  Delegation,
  IssuerOptions,
  ProviderIssuer,
  RecordOptions,
  ResourceServerOptions,
  VerifierOptions,
} from './options.ts'
export type { Algorithm } from './algorithms.ts'
export type { Clock } from './clock.ts'
export type { Fetch, FetchResponse } from './http.ts'
export type { ActorName, Hint, HintedToken, NamesClaim, Profile } from './profiles/profile.ts'

// Guarding
export type { Guards } from './guards.ts'
export type { ActorIdentity, ActorRule } from './actor-rule.ts'
export type { ClientIdentity, ClientRule } from './exchange-rule.ts'
export type { ClaimRule } from './claim-rule.ts'
export type { StepUp } from './step-up-rule.ts'

// Describing
export type { OpenApi, SecurityRequirement, SecurityScheme } from './openapi.ts'
export type { ResourceMetadata } from './resource-metadata.ts'

// What went wrong, and what was decided
export { ConfigError, VerificationError } from './refusal.ts'
export type { PublicRefusal, RefusalBody, WrittenBody } from './refusal-body.ts'
export { codes, type Category, type ChallengeError, type Code, type CodeEntry } from './codes.ts'
export type {
  Anomaly,
  DecisionRecord,
  RecordedActor,
  RecordedChain,
  UnverifiedNames,
} from './record.ts'
export { formatChain } from './format-chain.ts'
export { pseudonym } from './pseudonym.ts'
