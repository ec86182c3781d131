import type { ProviderIssuer } from '../options/options.ts'
import { ConfigError } from '../errors/refusal.ts'
import { cognitoHints } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/** The options of {@link cognito}. */
export interface CognitoOptions {
  /** The AWS region, such as `eu-central-1`. */
  readonly region: string
  /** The ID of the user pool, such as `eu-central-1_AbCdEfGhI`. It starts with the region. */
  readonly userPoolId: string
  /**
   * Whether `client_id` is used as the audience of a token without `aud`. `audience` then lists the clients
   * whose tokens are accepted. Such a token is not specific to this service: every service with this
   * setting accepts it. Default false: tokens must have `aud`, which Cognito writes if the client requested
   * a resource.
   */
  readonly clientIdAsAudience?: boolean
}

/**
 * An Amazon Cognito user pool. Groups are roles.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { cognito } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: cognito({ region: 'eu-central-1', userPoolId: 'eu-central-1_AbCdEfGhI' }),
 *   audience: 'https://orders.example.com',
 * })
 *
 * @throws ConfigError if the region is malformed or the ID of the pool does not start with it
 */
export function cognito({
  region,
  userPoolId,
  clientIdAsAudience = false,
}: CognitoOptions): ProviderIssuer {
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region) || !userPoolId.startsWith(`${region}_`)) {
    throw new ConfigError(
      `The user pool '${userPoolId}' is not in the region '${region}'.`,
      "Write cognito({ region: 'eu-central-1', userPoolId: 'eu-central-1_…' }).",
    )
  }
  return {
    // https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
    issuer: `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`,
    profile: { ...profile, audienceClaims: clientIdAsAudience ? ['aud', 'client_id'] : ['aud'] },
  }
}

// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
const profile: Profile = {
  name: 'cognito',
  types: [undefined, 'jwt'],
  clientClaims: ['client_id'],
  requiredClaims: ['client_id'],
  expectedClaims: { token_use: ['access'] },
  scopeClaims: ['scope'],
  ignoredAudiences: [],
  roles: [{ path: ['cognito:groups'] }],
  discovery: 'openid',
  hints: cognitoHints,
}
