import { noMoreArguments, type OptionTable, readOptions } from '../options/option-table.ts'
import { booleanOption, choiceOption, textOption } from '../options/option-rows.ts'
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
   * The issuer type of the pool. `original` issuers are `https://cognito-idp.<region>.amazonaws.com/<pool>`,
   * and `updated` ones start with `https://issuer-cognito-idp.`. Default `original`.
   */
  readonly issuerType?: 'original' | 'updated'
  /**
   * The region of a replica of the pool. With the original issuer type, the tokens of a replica have an issuer
   * of their own, so list it in addition to the pool's own region. With the updated type, all regions have the
   * same issuer. Default: the pool's own region.
   */
  readonly replicaRegion?: string
  /**
   * Whether `client_id` is used as the audience of a token without `aud`. `audience` then lists the clients
   * whose tokens are accepted. Such a token is not specific to this service: every service with this
   * setting accepts it. Default false: tokens must have `aud`, which Cognito writes if the client requested
   * a resource.
   */
  readonly clientIdAsAudience?: boolean
}

interface CognitoSettings extends Required<Omit<CognitoOptions, 'replicaRegion'>> {
  readonly replicaRegion: string | undefined
}

/** Also documented in the README. */
export const cognitoOptions: OptionTable<CognitoOptions, CognitoSettings> = {
  region: textOption('eu-central-1', 'The AWS region.'),
  userPoolId: textOption('eu-central-1_AbCdEfGhI', 'The ID of the user pool.'),
  issuerType: choiceOption(['original', 'updated'], 'The issuer type of the pool.'),
  replicaRegion: {
    ...textOption('us-west-2', 'The region of a replica of the pool.'),
    default: undefined,
    defaultText: "the pool's own region",
  },
  clientIdAsAudience: booleanOption(
    false,
    'Whether `client_id` is used as the audience of a token without `aud`.',
  ),
}

const fix = "Write cognito({ region: 'eu-central-1', userPoolId: 'eu-central-1_…' })."

/**
 * An Amazon Cognito user pool. Groups are treated as roles.
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
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { cognito } from '@resource-server/core/providers'
 *
 * const pool = { region: 'us-east-1', userPoolId: 'us-east-1_AbCdEfGhI' }
 * export const verifier = createVerifier({
 *   issuers: [cognito(pool), cognito({ ...pool, replicaRegion: 'us-west-2' })],
 *   audience: 'https://orders.example.com',
 * })
 *
 * @throws ConfigError if a region is malformed, if the ID of the pool does not start with `region`, if
 * `replicaRegion` is combined with the updated issuer type, or if an option is unknown
 */
export function cognito(options: CognitoOptions, ...more: readonly never[]): ProviderIssuer {
  noMoreArguments('cognito(options)', more)
  const settings = readOptions(cognitoOptions, options, 'cognito option', undefined, fix)
  const { region, userPoolId, clientIdAsAudience } = settings
  if (!isRegion(region) || !userPoolId.startsWith(`${region}_`)) {
    throw new ConfigError(`The user pool '${userPoolId}' is not in the region '${region}'.`, fix)
  }
  return {
    issuer: `${originOf(settings)}/${userPoolId}`,
    profile: { ...profile, audienceClaims: clientIdAsAudience ? ['aud', 'client_id'] : ['aud'] },
  }
}

// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html
function originOf({ region, issuerType, replicaRegion }: CognitoSettings): string {
  if (replicaRegion === undefined) {
    const host = issuerType === 'updated' ? 'issuer-cognito-idp' : 'cognito-idp'
    return `https://${host}.${region}.amazonaws.com`
  }
  if (issuerType === 'updated') {
    throw new ConfigError(
      "'replicaRegion' has no effect with issuerType: 'updated', because all regions have the same issuer.",
      "Remove 'replicaRegion'.",
    )
  }
  if (isRegion(replicaRegion)) return `https://cognito-idp.${replicaRegion}.amazonaws.com`
  throw new ConfigError(
    `'${replicaRegion}' is not an AWS region.`,
    "Write replicaRegion: 'us-west-2', for example.",
  )
}

function isRegion(value: string): boolean {
  return /^[a-z]{2}(-[a-z]+)+-\d$/.test(value)
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
