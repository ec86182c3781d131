import { type AccessToken, createVerifier, type ProviderIssuer } from '@resource-server/core'
import {
  checkOptions,
  issuer as issuerRule,
  type Rules,
  testClock,
  usageError,
} from '../check-options.ts'
import { createSigningKey, type SigningKey } from '../keys/signing-keys.ts'
import { createTestClock, type TestClock } from '../test-clock.ts'
import { buildToken } from './build-token.ts'
import { sign } from './sign.ts'
import { type TokenOptions, tokenRules } from './token-options.ts'

/** The content of an access token for a unit test. Every option has a default. */
export interface AccessTokenOptions extends Partial<TokenOptions> {
  /** The audience. Default `test-service`. */
  readonly aud?: string | readonly string[]
  /**
   * The issuer: its identifier, or the result of a provider function. Pass `keycloak(url)` together with
   * `provider: 'keycloak'` to get the roles of a Keycloak token. Default `https://issuer.test`.
   */
  readonly issuer?: string | ProviderIssuer
  /** The clock that dates the token. Default: a new clock. */
  readonly clock?: TestClock
}

const rules: Rules<AccessTokenOptions> = { ...tokenRules, issuer: issuerRule, clock: testClock }

/** The key of all tokens from `accessToken`. No other code has it, so no verifier accepts them. */
let signingKey: SigningKey | undefined

/**
 * Creates an access token for the unit test of a function that takes an `AccessToken`.
 * Nothing listens on a port, and nothing is fetched. The token is signed with a random key that
 * no other code has, so none of your verifiers accept it.
 *
 * `C` declares your own claims, as in `createVerifier<C>()`.
 *
 * @throws TypeError if an option is unknown or malformed, or if a verifier would refuse the token
 *
 * @example
 * import { accessToken } from '@resource-server/testing'
 *
 * const token = await accessToken({ scope: 'orders:read', claims: { tenant: 'acme' } })
 */
export async function accessToken<C extends object = object>(
  options: AccessTokenOptions = {},
): Promise<AccessToken<C>> {
  checkOptions('accessToken', options, rules)
  const { issuer = 'https://issuer.test', clock = createTestClock(), ...content } = options
  const { aud = 'test-service' } = content
  const trusted = typeof issuer === 'string' ? { issuer } : issuer
  const key = (signingKey ??= createSigningKey('ES256', 'key-1'))
  const { header, payload } = buildToken(
    { ...content, aud },
    { issuer: trusted.issuer, provider: 'rfc9068', now: Math.floor(clock.now() / 1000) },
  )
  const verifier = createVerifier<C>({
    issuer: { ...trusted, jwks: { keys: [key.publicJwk] } },
    audience: aud,
    clock,
    clockTolerance: 0,
    cache: false,
  })
  const result = await verifier.check(sign(header, payload, key))
  verifier.close()
  if (result.ok) return result.token
  throw usageError(
    'accessToken: a verifier refuses this token. For tokens that must be refused, use ' +
      `createTestIssuer. ${result.code}: ${result.reason}`,
  )
}
