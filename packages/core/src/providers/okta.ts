import type { ProviderIssuer } from '../options/options.ts'
import { ConfigError } from '../errors/refusal.ts'
import { oktaHints } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/**
 * A custom authorization server of Okta, such as `https://example.okta.com/oauth2/default`.
 *
 * Not guaranteed: that the token is for this service alone. Okta's audience belongs to the
 * authorization server, so that all APIs behind one share it.
 *
 * @throws ConfigError for the org authorization server, whose tokens cannot be validated locally
 */
export function okta(issuer: string): ProviderIssuer {
  if (!/\/oauth2\/[^/]+$/.test(issuer)) {
    throw new ConfigError(
      `'${issuer}' is no custom authorization server of Okta.`,
      "Write okta('https://<domain>/oauth2/default') or your own server's id. Access tokens of the org " +
        'authorization server are for Okta itself and cannot be validated locally.',
    )
  }
  return { issuer, profile }
}

const profile: Profile = {
  name: 'okta',
  // The header has kid and alg only: https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/
  types: [undefined, 'jwt', 'at+jwt', 'application/at+jwt'],
  clientClaims: ['cid', 'client_id'],
  // scp is a list; tokens of agents have scope, a string:
  // https://developer.okta.com/docs/guides/ai-agent-token-exchange/
  scopeClaims: ['scp', 'scope'],
  // ID tokens have neither: https://developer.okta.com/docs/concepts/oauth-claims/
  requiredClaims: [['scp', 'scope']],
  ignoredAudiences: [],
  // Exchange on behalf of a user writes no act; of an agent's, each party is a client:
  // https://developer.okta.com/docs/guides/ai-agent-token-exchange/
  actorSubjectIsClient: true,
  // Where an administrator added the claim: https://developer.okta.com/docs/guides/customize-tokens-groups-claim/
  roles: [{ path: ['groups'] }],
  hints: oktaHints,
}
