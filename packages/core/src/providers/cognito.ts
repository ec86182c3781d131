import type { ProviderIssuer } from '../options/options.ts'
import { ConfigError } from '../errors/refusal.ts'
import { cognitoHints } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/** Which user pool, and what stands for the audience. */
export interface CognitoOptions {
  /** Such as `eu-central-1`. */
  readonly region: string
  /** Such as `eu-central-1_AbCdEfGhI`. */
  readonly userPoolId: string
  /**
   * Default false: tokens need an `aud`, which Cognito writes where the client asked for a resource.
   * True: where there is none, `client_id` stands for it, and `audience` lists the clients whose tokens
   * are taken. Such a token is good for every service that does the same: it was not made for this one.
   */
  readonly clientIdAsAudience?: boolean
}

/**
 * A user pool of Amazon Cognito. Groups are roles.
 *
 * @throws ConfigError for a region or pool that cannot be
 */
export function cognito({
  region,
  userPoolId,
  clientIdAsAudience = false,
}: CognitoOptions): ProviderIssuer {
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region) || !userPoolId.startsWith(`${region}_`)) {
    throw new ConfigError(
      `The user pool '${userPoolId}' is not of the region '${region}'.`,
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
