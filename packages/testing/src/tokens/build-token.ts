import { randomBytes } from 'node:crypto'
import { checkOptions, usageError } from '../check-options.ts'
import type { JsonObject } from '../keys/signing-keys.ts'
import { type ActorClaims, type ProviderId, type ProviderTokens, providers } from './providers.ts'
import {
  type IdTokenOptions,
  idTokenRules,
  type TokenOptions,
  tokenRules,
} from './token-options.ts'

/** The header and the payload of a token that is not signed yet. */
export interface UnsignedToken {
  readonly header: JsonObject
  readonly payload: JsonObject
}

/** What the issuer knows in addition to the options of the token. */
export interface TokenContext {
  readonly issuer: string
  readonly provider: ProviderId
  /** The current time, in whole seconds since 1970. */
  readonly now: number
}

const lifetime = 300

/** Builds an access token from the options of `issuer.token`. */
export function buildToken(options: TokenOptions, context: TokenContext): UnsignedToken {
  checkOptions('token', options, tokenRules)
  checkAudience('token', options)
  const provider = providers[options.provider ?? context.provider]
  checkProvider(options, provider)
  return {
    header: { typ: provider.typ, ...options.header },
    payload: { ...buildClaims(options, provider, context), ...options.claims },
  }
}

function buildClaims(
  options: TokenOptions,
  provider: ProviderTokens,
  { issuer, now }: TokenContext,
): JsonObject {
  const { sub = 'user-42', expiresIn = lifetime } = options
  const exp = now + expiresIn
  const iat = numericDate(options.issuedAt, now) ?? (expiresIn > 0 ? now : exp - lifetime)
  const actorClaims = (actor: string | ActorClaims): ActorClaims | undefined =>
    typeof actor === 'string' ? provider.actor?.(actor, issuer) : actor
  const act = nestActors((options.actors ?? []).map(actorClaims))
  return {
    iss: issuer,
    sub,
    exp,
    iat,
    ...provider.otherClaims({ sub, iat, delegated: act !== undefined }),
    ...audienceAndClient(options, provider),
    ...scopeClaim(options.scope, provider),
    ...omitUndefined({
      act,
      may_act: options.mayAct && actorClaims(options.mayAct),
      nbf: numericDate(options.notBefore, now),
    }),
  }
}

/** The first actor is outermost and contains the next one: RFC 8693 section 4.1. */
const nestActors = (actors: readonly (JsonObject | undefined)[]): JsonObject | undefined =>
  actors.reduceRight((prior, actor) => ({ ...actor, ...omitUndefined({ act: prior }) }), undefined)

function audienceAndClient(options: TokenOptions, provider: ProviderTokens): JsonObject {
  if (provider.audience === 'client_id') return { client_id: options.aud }
  const { aud } = options
  return {
    aud: provider.audience === 'array' ? [aud].flat() : aud,
    ...(provider.client && {
      [provider.client]: options.clientId ?? defaultClient(options.actors?.[0]),
    }),
  }
}

const defaultClient = (actor: string | ActorClaims | undefined): string =>
  (typeof actor === 'string' ? actor : actor?.client_id) ?? 'test-client'

function scopeClaim(scope: TokenOptions['scope'], provider: ProviderTokens): JsonObject {
  if (scope === undefined || !provider.scope) return {}
  const [claim, format] = provider.scope
  const list = typeof scope === 'string' ? scope.split(' ').filter(Boolean) : scope
  return { [claim]: format === 'array' ? list : list.join(' ') }
}

const numericDate = (when: number | Date | undefined, now: number): number | undefined =>
  when instanceof Date ? when.getTime() / 1000 : when === undefined ? undefined : now + when

const omitUndefined = (members: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))

function checkAudience(call: string, options: { readonly aud: unknown }): void {
  if (options.aud === undefined) {
    throw usageError(
      `${call}: 'aud' is required. Pass the name of the service that the token is for. ` +
        `To omit aud from the token, also pass claims: { aud: undefined }.`,
    )
  }
}

/** An option that the provider's tokens cannot express is a mistake, so it is not dropped silently. */
function checkProvider(options: TokenOptions, provider: ProviderTokens): void {
  const supported = {
    actors: provider.actor,
    mayAct: provider.actor,
    scope: provider.scope,
    clientId: provider.client,
  }
  for (const [option, format] of Object.entries(supported)) {
    if (!format && Object.hasOwn(options, option)) {
      throw usageError(
        `token: ${provider.name} tokens have no claim for '${option}'. Omit the option, ` +
          `choose another provider, or add the claim with 'claims'.`,
      )
    }
  }
  if (provider.audience === 'client_id' && (options.clientId || typeof options.aud !== 'string')) {
    throw usageError(
      `token: ${provider.name} tokens have no aud; their client_id is the audience. ` +
        `Pass a string as 'aud' and omit 'clientId'.`,
    )
  }
}

/** Builds an ID token from the options of `issuer.idToken`. */
export function buildIdToken(
  options: IdTokenOptions,
  { issuer, now }: TokenContext,
): UnsignedToken {
  checkOptions('idToken', options, idTokenRules)
  checkAudience('idToken', options)
  const random = (): string => randomBytes(16).toString('base64url')
  const { aud, sub = 'user-42', nonce = random(), expiresIn = lifetime } = options
  const iat = expiresIn > 0 ? now : now + expiresIn - lifetime
  return {
    header: { typ: 'JWT', ...options.header },
    payload: {
      iss: issuer,
      sub,
      aud,
      exp: now + expiresIn,
      iat,
      auth_time: iat,
      nonce,
      at_hash: random(),
      ...options.claims,
    },
  }
}
